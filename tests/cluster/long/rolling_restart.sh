#!/usr/bin/env bash
# Promise: every actor of every node is restarted in turn, under load, as an upgrade does it: each ends by itself within its five
# seconds, no request fails but with BUSY, nothing is lost, doubled or forked.
source "$(dirname "$0")/../lib.sh"
start_cluster
await_progress
begin_load 40 90
for node in 0 1 2 3; do
  for actor in rewards watcher da execution consensus intake; do
    "$rondo" restart --home "$home" "node$node/$actor" >/dev/null
    await 60 "node$node/$actor restarted" ".nodes[$node].actors[] | select(.name == \"$actor\") | .state == \"up\" and .restarts == 1"
  done
  await 60 "node$node signs again" ".nodes[$node].actors | all(.note == \"\" and .quarantined == null)"
  await_progress
done
kill -0 "$load" 2>/dev/null || fail 'the load ended before the last restart: it says nothing of it'
end_load
status_json | jq -e '[.nodes[].actors[].restarts] | all(. == 1)' >/dev/null || fail 'an actor ended that was not asked to'
! grep -hE 'killed by|exit code' "$home/launcher.log" || fail 'an actor did not end by itself'
same_roots
