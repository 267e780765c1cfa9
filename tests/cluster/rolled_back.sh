#!/usr/bin/env bash
# Promise: a node whose stores went back to an older copy, or are gone, says that it is quarantined, follows the chain, signs again by
# the rule, and leaves no evidence against itself and no fork.
source "$(dirname "$0")/lib.sh"

start_cluster --alloc-from "$sample" --set epoch_blocks=32
stores=$home/node3/store
log=$home/node3/log/consensus.log
stop_cluster() { "$rondo" down --home "$home" >/dev/null; }
start_again() { "$rondo" up --home "$home" --detach >/dev/null; }
# comes_back COUNT: it said so, named its point of re-entry, and is marked no more; so too its intake, in the next epoch.
comes_back() {
  await_log "$log" "$1" 'goes into quarantine'
  await_log "$log" "$1" 'signs again from view'
  await 120 'the end of the quarantine' '.nodes[3].actors | all(.state == "up" and .quarantined == null)'
  await 120 'node3 at the head' '([.nodes[].executed_height] | max) - .nodes[3].executed_height < 5'
}
await_progress
stop_cluster
cp -a --sparse=always "$stores" "$scratch/aside"
start_again
"$rondo" send "$sample" --home "$home" --await executed --json >"$scratch/send.json"
holds_expected "$scratch/send.json"
stop_cluster

# What fences the key is older than what the other actors of the node, and the other nodes, have seen.
for actor in intake consensus; do
  rm -rf "${stores:?}/$actor"
  cp -a --sparse=always "$scratch/aside/$actor" "$stores/$actor"
done
start_again
comes_back 1
await_progress

# The disk is lost: all six stores.
stop_cluster
rm -rf "${stores:?}"/*
start_again
comes_back 2
await_progress

node3_is_needed
same_roots

# Nobody could prove anything against it.
! is_jailed 3 || fail 'node3 is jailed'
