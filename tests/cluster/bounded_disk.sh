#!/usr/bin/env bash
# Promise: under constant load a node's disk stops growing with the chain: history is kept for the retention and no longer. An
# execution that is killed and whose store counts as torn by a power cut comes back as its checkpoint and agrees with the others.
# Allowed to grow, and so the slack: state, the epochs' proofs, and streams up to the newest thousands of messages that stay. The
# watcher's index has a bound of its own (1 GiB), and is not counted.
source "$(dirname "$0")/lib.sh"
slack_percent=50  # without retention it is 100
blocks=1024

store_bytes() { du -cb --exclude='*.tmp' "$home"/node*/store/{intake,consensus,execution,da,rewards} | tail -n 1 | cut -f1; }

start_cluster --profile test --set snapshot_blocks=32 --set execution_lag_max=16 --set posting_turn_ms=200 --retention-blocks 64
timeout 1500 "$rondo" load --home "$home" --rate 30 --seconds 1200 >/dev/null 2>&1 &
load=$!
trap 'kill "$load" 2>/dev/null || true; clean_up' EXIT

await 600 "$blocks blocks" "[.nodes[].executed_height] | min > $blocks"
before=$(store_bytes)

pid=$(status_json | jq '.nodes[1].actors[] | select(.name == "execution").pid')
kill -9 "$pid"
echo '00000000-0000-0000-0000-000000000000 dirty' >"$home/node1/store/execution/synced"

await 600 "$blocks more" "[.nodes[].executed_height] | min > 2 * $blocks"
after=$(store_bytes)
[ "$after" -le $((before + before * slack_percent / 100)) ] || fail "the stores grew from $before to $after bytes"
grep -q 'restored from the checkpoint' "$home"/node1/log/execution.log || fail 'node1/execution did not come back as its checkpoint'
status_json | jq -e '[.nodes[].actors[].state] | all(. == "up")' >/dev/null || fail 'an actor is not up'
