#!/usr/bin/env bash
# Promise: a node that was away for longer than anybody keeps the blocks says so, and what to do; done as it says, with a key and no
# store, it takes a snapshot, signs again by the rule of quarantine, and its vote is needed and given.
source "$(dirname "$0")/lib.sh"
start_cluster --profile test --set epoch_blocks=32 --set snapshot_blocks=16 --set execution_lag_max=16 --set posting_turn_ms=200 --retention-blocks 48
"$rondo" load --home "$home" --node node0 --rate 20 --seconds 600 >/dev/null 2>&1 &
await 120 'a history' '[.nodes[].executed_height] | min > 20'
"$rondo" pause --home "$home" node3 >/dev/null
from=$(status_json | jq '.nodes[0].executed_height')
await 240 'a chain that nobody keeps whole' "[.nodes[0,1,2].actors[] | select(.name == \"consensus\").facts.kept_from_height] | min > $from + 8"
"$rondo" kill --home "$home" node3 >/dev/null
await 120 'what is wrong, and what to do' '.nodes[3].actors[] | select(.name == "consensus").note | test("takes a snapshot")'

"$rondo" down --home "$home" >/dev/null
rm -rf "$home"/node3/store/*
"$rondo" up --home "$home" --detach >/dev/null
await 240 'node3 at the head' '[.nodes[].executed_height // 0] | max - .[3] < 5 and min > 0'
grep -q 'the state after block' "$home"/node3/log/execution.log || fail 'node3 executed everything from genesis'
await_log "$home"/node3/log/consensus.log 1 'signs again from view'
await 120 'the end of its quarantine' '.nodes[3].actors | all(.state == "up" and .quarantined == null)'
node3_is_needed
same_roots
! is_jailed 3 || fail 'node3 is jailed'
