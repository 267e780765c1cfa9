#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. The last line is `N passed, N failed, N skipped`.
#   ./tests/run.sh            the fast tier: everything that must hold at every change
#   ./tests/run.sh NAME...    only the test programs with these names (see build/tests/)
set -uo pipefail
cd "$(dirname "$0")/.."
for argument in "$@"; do
  [[ "$argument" != -* ]] || { echo "usage: tests/run.sh [NAME...]   (there are no options; names are those it prints)" >&2; exit 2; }
done
build=${RONDO_BUILD_DIR:-build}
export RONDO_BUILD_DIR=$build

command -v npm >/dev/null || ./deploy/install.sh npm  # for the wallet scenario
./deploy/build.sh || { echo "the build failed" >&2; echo "0 passed, 1 failed, 0 skipped"; exit 1; }

reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
passed=0 failed=0 skipped=0

# A GoogleTest program: counted by its own report; one that ends without a report counts as one failure.
run_program() {
  local name=$1 report=$reports/$1.json
  if ! "$build/tests/$name" --gtest_output="json:$report" --gtest_brief=1 >"$reports/$name.log" 2>&1; then
    cat "$reports/$name.log"
    echo "FAILED $name"
  fi
  if [ ! -s "$report" ]; then failed=$((failed + 1)); return; fi
  local counts
  counts=$(jq -r '[.testsuites[].testsuite[]] |
      "\([.[] | select(.result == "COMPLETED" and (has("failures") | not))] | length) \([.[] | select(has("failures"))] | length) \([.[] | select(.result == "SKIPPED")] | length)"' "$report")
  read -r p f s <<<"$counts"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  printf '%-28s %4d passed %3d failed %3d skipped %8s\n' "$name" "$p" "$f" "$s" "$(jq -r .time "$report")"
}

# A shell test: exit 0 passed, 77 skipped, anything else failed.
run_script() {
  local name=$1
  shift
  "$@" >"$reports/$name.log" 2>&1
  case $? in
    0) passed=$((passed + 1)); printf '%-28s passed\n' "$name" ;;
    77) skipped=$((skipped + 1)); printf '%-28s skipped: %s\n' "$name" "$(tail -n 1 "$reports/$name.log")" ;;
    *) failed=$((failed + 1)); cat "$reports/$name.log"; echo "FAILED $name" ;;
  esac
}

wanted() { [ ${#only[@]} -eq 0 ] || [[ " ${only[*]} " == *" $1 "* ]]; }
only=("$@")

wanted tidy && run_script tidy ./tests/tidy.sh
wanted model && run_script model ./tests/model/run.sh
for program in "$build"/tests/*; do
  [ -x "$program" ] && [ -f "$program" ] || continue
  name=$(basename "$program")
  wanted "$name" && run_program "$name"
done

for script in tests/cluster/*.sh; do
  name=cluster_$(basename "$script" .sh)
  [ -x "$script" ] && wanted "$name" && run_script "$name" "$script"
done

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
