#!/usr/bin/env bash
# Promise: the keys of an operator that runs already, started a second time elsewhere, sign nothing: the second node follows the chain
# and says what it waits for. The first is not disturbed, goes on signing, and nobody can prove anything against it.
source "$(dirname "$0")/lib.sh"
start_cluster --set idle_ms=100
await_progress
twin=$scratch/twin
twin_of node3 "$twin"
"$rondo" up --home "$twin" --detach >/dev/null
twin_json() { "$rondo" status --home "$twin" --json; }
await_twin() {  # await_twin WHAT JQ-FILTER
  local deadline=$((SECONDS + 60))
  until twin_json | jq -e "$2" >/dev/null; do [ "$SECONDS" -lt "$deadline" ] || fail "$1 did not come about: $(twin_json)"; done
}
says_that_it_waits='[.nodes[0].actors[] | select(.name == "consensus" or .name == "intake").note | contains("signs nothing new yet")] | all'
await_twin 'the second node follows the chain' ".nodes[0].executed_height > $(status_json | jq '[.nodes[].final_height] | max')"
await_twin 'it says that it signs nothing' "$says_that_it_waits"

# Both run, under load, and blocks become final only with the votes and acks of the first: node2 is away.
"$rondo" pause --home "$home" node2 >/dev/null
from=$(status_json | jq '.nodes[3].final_height')
begin_load 40 5 --node node3
await 60 'final blocks with the votes of node3' ".nodes[3].final_height > $from + 10"
end_load
"$rondo" resume --home "$home" node2 >/dev/null
await_progress
status_json | jq -e '[.nodes[].actors[] | .restarts == 0 and .quarantined == null] | all' >/dev/null || fail 'the first was disturbed'
twin_json | jq -e "$says_that_it_waits" >/dev/null || fail 'the second node signs'

# The first goes away for good: its registered address is silent, and still the second hears no vote and signs nothing.
"$rondo" pause --home "$home" node3 >/dev/null
from=$(status_json | jq '.nodes[0].final_height')
await_twin 'the second node follows without the first' ".nodes[0].executed_height > $from + 5"
twin_json | jq -e "$says_that_it_waits" >/dev/null || fail 'the second node signs'
"$rondo" resume --home "$home" node3 >/dev/null
await_progress
! is_jailed 3 || fail 'node3 is jailed'
same_roots
