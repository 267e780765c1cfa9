#!/usr/bin/env bash
# Promise: the keys of an operator that runs already, started a second time elsewhere, sign nothing: what the others say goes to the
# address that the chain names. The second node says what it waits for. The first is not disturbed, goes on signing, and nobody can
# prove anything against it. With the first gone the second follows the chain, and signs nothing until its own address is registered.
source "$(dirname "$0")/lib.sh"
start_cluster --set idle_ms=100
await_progress
twin=$scratch/twin
twin_of 3 "$home/node3/keys" "$twin" --host 127.0.0.1 --da-folder "$home/da"
"$rondo" up --home "$twin" --detach >/dev/null
twin_json() { "$rondo" status --home "$twin" --json; }
await_twin() {  # await_twin WHAT JQ-FILTER
  local deadline=$((SECONDS + 60))
  until twin_json | jq -e "$2" >/dev/null; do [ "$SECONDS" -lt "$deadline" ] || fail "$1 did not come about: $(twin_json)"; done
}
signs_nothing='[.nodes[0].actors[] | select(.name == "consensus" or .name == "intake").note | contains("signs nothing new yet")] | all'
await_twin 'the second node says that it signs nothing' "$signs_nothing"

# Both run, under load, and blocks become final only with the votes and acks of the first: node2 is away.
"$rondo" pause --home "$home" node2 >/dev/null
from=$(status_json | jq '.nodes[3].final_height')
begin_load 40 5 --node node3
await 60 'final blocks with the votes of node3' ".nodes[3].final_height > $from + 10"
end_load
"$rondo" resume --home "$home" node2 >/dev/null
await_progress
status_json | jq -e '[.nodes[].actors[] | .restarts == 0 and .quarantined == null] | all' >/dev/null || fail 'the first was disturbed'
twin_json | jq -e "$signs_nothing" >/dev/null || fail 'the second node signs'

# The first is gone.
"$rondo" down --home "$home" >/dev/null
sed -i '/^name = "node3"/,$d' "$home/cluster.toml"
sed -i '$d' "$home/cluster.toml"
"$rondo" up --home "$home" --detach >/dev/null
await_progress
await_twin 'the second node at the head' ".nodes[0].executed_height >= $(status_json | jq '[.nodes[].final_height] | max')"
twin_json | jq -e "$signs_nothing" >/dev/null || fail 'the second node signs'
! is_jailed 3 || fail 'node3 is jailed'
same_roots
