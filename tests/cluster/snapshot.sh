#!/usr/bin/env bash
# Promise: a node that comes when the chain is some snapshots long takes the state of one from the others, proven, under load; it
# follows to the same state, becomes a member, and its vote is needed and given.
source "$(dirname "$0")/lib.sh"

bank=$scratch/bank.key
owner=$("$rondo" key generate "$bank" --kind account --json | jq -r .public)
start_cluster --profile test --set epoch_blocks=32 --set snapshot_blocks=16 --fund "$owner=1000000000000000000000"
rpc=$(status_json | jq -r '.nodes[0].rpc')
"$rondo" load --home "$home" --rate 40 --seconds 40 --json >"$scratch/load.json" &
load=$!
await 120 'two snapshots' '[.nodes[].executed_height] | min > 48'

late=$scratch/late
homes+=("$late")
"$rondo" join --home "$late" --genesis "$home/genesis.json" --host 127.0.0.1 --da-folder "$home/da" --json >/dev/null
"$rondo" up --home "$late" --detach --json >/dev/null
late_json() { "$rondo" status --home "$late" --json; }
deadline=$((SECONDS + 120))
head_of_all() { status_json | jq '[.nodes[].executed_height] | min'; }
until [ "$(late_json | jq '.nodes[0].executed_height')" -ge "$(($(head_of_all) - 8))" ]; do
  [ "$SECONDS" -lt "$deadline" ] || fail 'the late node does not come to the head'
done
# It began above the genesis: no result of the first blocks is here.
grep -q 'the state after block' "$late"/node0/log/execution.log || fail 'the late node executed everything from genesis'

"$rondo" stake register --home "$late" --key-file "$bank" --rpc "$rpc" --moniker late --stake 32 --json >/dev/null
"$rondo" restart --home "$late" node0 --json >/dev/null
deadline=$((SECONDS + 120))
until [ "$("$rondo" stake list --home "$home" --json | jq -r '.sets[0].members | length')" = 5 ]; do
  [ "$SECONDS" -lt "$deadline" ] || fail 'the late node does not become a member'
done
wait "$load" || fail "the load did not get through: $(cat "$scratch/load.json")"
"$rondo" pause --home "$home" node3 >/dev/null  # four of five are needed
await 60 'progress with the vote of the late node' "[.nodes[0,1,2].final_height] | min > $(head_of_all) + 4"
"$rondo" resume --home "$home" node3 >/dev/null

# The same state, at a height that both have.
roots() { { status_json; late_json; } | jq -s '[.[].nodes[] | {executed_height, state_root}] | group_by(.executed_height) | map(map(.state_root) | unique | length) | max'; }
[ "$(roots)" = 1 ] || fail 'the states differ'
same_roots
