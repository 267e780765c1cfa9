#!/usr/bin/env bash
# Promise: kill -9 of all six actors of one node at once, under load, loses nothing, and the node catches up.
source "$(dirname "$0")/lib.sh"
start_cluster --alloc-from "$sample"
"$rondo" send "$sample" --home "$home" --rate 150 --await executed --json >"$scratch/send.json" &
send=$!
await 60 'the first executed blocks' '[.nodes[].executed_height] | min > 3'
"$rondo" kill --home "$home" node2 >/dev/null
await 60 'node2 restarted' '[.nodes[2].actors[] | select(.restarts >= 1 and .state == "up")] | length == 6'
wait "$send" || fail 'rondo send did not end well'
holds_expected "$scratch/send.json"
await_progress
same_roots
