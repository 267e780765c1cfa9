#!/usr/bin/env bash
# Promise: a node that slept through epochs catches up to the head and agrees with the others.
source "$(dirname "$0")/lib.sh"
start_cluster --alloc-from "$sample" --set epoch_blocks=32
"$rondo" pause --home "$home" node3 >/dev/null
"$rondo" send "$sample" --home "$home" --node node0 --await executed --json >"$scratch/send.json"
holds_expected "$scratch/send.json"
await 120 'two epochs without node3' '[.nodes[0,1,2].final_height] | min > 70'
"$rondo" resume --home "$home" node3 >/dev/null
await 120 'node3 at the head' '([.nodes[0,1,2].executed_height] | max) - .nodes[3].executed_height < 5 and .nodes[3].executed_height > 70'
same_roots
