#!/usr/bin/env bash
# Promise: with two of four nodes stopped the cluster halts, does not fork, and resumes when they come back.
source "$(dirname "$0")/lib.sh"
start_cluster
await_progress
"$rondo" pause --home "$home" node2 >/dev/null
"$rondo" pause --home "$home" node3 >/dev/null
# What was on its way may still become final; then nothing does, however often one looks.
halted() { status_json | jq '[.nodes[0,1].final_height] | max'; }
last=$(halted); still=0
while [ "$still" -lt 20 ]; do
  height=$(halted)
  if [ "$height" = "$last" ]; then still=$((still + 1)); else still=0; fi
  [ "$height" -lt $((last + 3)) ] || fail 'blocks became final without a quorum'
  last=$height
done
"$rondo" resume --home "$home" node2 >/dev/null
await 60 'progress with three nodes' '[.nodes[0,1,2].final_height] | min > 5'
"$rondo" resume --home "$home" node3 >/dev/null
await_progress
same_roots
