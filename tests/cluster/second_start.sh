#!/usr/bin/env bash
# Promise: a second process on the same store is refused with a sentence, and the first goes on undisturbed.
source "$(dirname "$0")/lib.sh"
start_cluster
await_progress
if "$bin/rondo-consensus" --config "$home/node0/consensus.toml" >"$scratch/second.log" 2>&1; then fail 'the second start was not refused'; fi
grep -qi 'lock\|another process' "$scratch/second.log" || fail "no clear sentence: $(cat "$scratch/second.log")"
"$rondo" up --home "$home" --detach >"$scratch/up.log" 2>&1 && fail 'a second launcher was not refused'
await_progress
status_json | jq -e '[.nodes[].actors[].restarts] | add == 0' >/dev/null || fail 'an actor was disturbed'
