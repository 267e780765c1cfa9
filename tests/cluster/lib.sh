# Shared by the scenarios: a scratch home, a cluster that is always stopped, and waiting for facts instead of for time.
# Sourced; a scenario ends with 0 (held), 77 (skipped, with the reason as its last line) or anything else (failed).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

bin=${RONDO_BUILD_DIR:-build}/bin
rondo=$bin/rondo
sample=deploy/sample/base.jsonl.gz
expected=deploy/sample/base.expected.json
scratch=$(mktemp -d "${TMPDIR:-/tmp}/rondo-test.XXXXXX")
home=$scratch/home
homes=("$home")  # a scenario adds the others that it starts

clean_up() {
  local code=$?
  local one
  for one in "${homes[@]}"; do
    if [ "$code" -ne 0 ] && [ "$code" -ne 77 ] && [ -d "$one" ]; then
      "$rondo" status --home "$one" || true
      tail -n 15 "$one"/node*/log/*.log 2>/dev/null || true
    fi
    "$rondo" down --home "$one" >/dev/null 2>&1 || true
  done
  rm -rf "$scratch"
  exit "$code"
}
trap clean_up EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }
status_json() { "$rondo" status --home "$home" --json; }
start_cluster() { "$rondo" init --home "$home" --nodes 4 "$@" >/dev/null; "$rondo" up --home "$home" --detach >/dev/null; }

# await SECONDS WHAT JQ-FILTER: until the status satisfies the filter; the deadline is generous, it is no promise.
await() {
  local deadline=$((SECONDS + $1))
  until status_json | jq -e "$3" >/dev/null; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$2 did not come about in $1 s"
  done
}
await_progress() {  # two more final blocks on every node
  local from
  from=$(status_json | jq '[.nodes[].final_height] | max')
  await 60 "progress above height $from" "[.nodes[].final_height] | min > $from + 2"
}
same_roots() {  # what was posted rebuilds the state that all have executed
  await 60 'a posting' '[.nodes[].posted_height] | max > 0'
  local verified
  verified=$("$rondo" verify --from-da --home "$home" --json) || fail "the state rebuilt from DA differs from the nodes: $verified"
}
holds_expected() {  # holds_expected SEND-SUMMARY: nothing lost, nothing doubled
  jq -e --slurpfile e "$expected" '.transactions == $e[0].transactions and .refused == $e[0].refused and
      .executed == $e[0].executed and .gapped == $e[0].gapped' "$1" >/dev/null || fail "the outcome differs: $(cat "$1")"
}
