# Sourced by run.sh: runs one test, prints a line for it, and counts.
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
passed=0 failed=0 skipped=0

# run_program LABEL PROGRAM [WRAPPER...]: a GoogleTest program, counted by its own report; one that ends without a report counts as
# one failure.
run_program() {
  local label=$1 program=$2 report=$reports/report.json log=$reports/log status=0 p f s
  shift 2
  rm -f "$report"
  "$@" "$program" --gtest_output="json:$report" --gtest_brief=1 >"$log" 2>&1 || status=$?
  if [ "$status" -ne 0 ]; then cat "$log"; echo "FAILED $label"; fi
  if [ ! -s "$report" ]; then failed=$((failed + 1)); return; fi
  read -r p f s < <(jq -r '[.testsuites[].testsuite[]] |
      "\([.[] | select(.result == "COMPLETED" and (has("failures") | not))] | length) \([.[] | select(has("failures"))] | length) \([.[] | select(.result == "SKIPPED")] | length)"' "$report")
  # All tests passed, and then a sanitizer had the last word.
  if [ "$status" -ne 0 ] && [ "$f" -eq 0 ]; then f=1; fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  printf '%-28s %4d passed %3d failed %3d skipped %8s\n' "$label" "$p" "$f" "$s" "$(jq -r .time "$report")"
}

# run_script LABEL COMMAND...: exit 0 passed, 77 skipped, anything else failed.
run_script() {
  local label=$1 log=$reports/log began=$SECONDS status=0
  shift
  "$@" >"$log" 2>&1 || status=$?
  case $status in
    0) passed=$((passed + 1)); printf '%-28s passed %31ds\n' "$label" "$((SECONDS - began))" ;;
    77) skipped=$((skipped + 1)); printf '%-28s skipped: %s\n' "$label" "$(tail -n 1 "$log")" ;;
    *) failed=$((failed + 1)); cat "$log"; echo "FAILED $label"; return 1 ;;
  esac
}
