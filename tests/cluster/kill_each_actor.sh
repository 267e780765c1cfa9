#!/usr/bin/env bash
# Promise: kill -9 of each of the six actors in turn, under load, loses nothing, doubles nothing and forks nothing.
source "$(dirname "$0")/lib.sh"
start_cluster --alloc-from "$sample"
"$rondo" send "$sample" --home "$home" --rate 100 --await executed --json >"$scratch/send.json" &
send=$!
for actor in intake consensus execution da watcher rewards; do
  "$rondo" kill --home "$home" "node1/$actor" >/dev/null
  await 60 "node1/$actor restarted" ".nodes[1].actors[] | select(.name == \"$actor\") | .state == \"up\" and .restarts >= 1"
  await_progress
done
wait "$send" || fail 'rondo send did not end well'
holds_expected "$scratch/send.json"
same_roots
