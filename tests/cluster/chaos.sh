#!/usr/bin/env bash
# Promise: `rondo chaos` replays the outage of another network, measures what was promised and judges by it, leaves nothing behind, and
# plainly says so of what cannot be measured yet. (All outages: long/chaos_each.sh.)
source "$(dirname "$0")/lib.sh"
export TMPDIR=$scratch
[ "$("$rondo" chaos --list --json | jq '.outages | length')" = 8 ] || fail 'not the eight outages'
"$rondo" chaos leader-behind --json >"$scratch/said.json" || fail "not kept: $(cat "$scratch/said.json")"
jq -e '.kept and (.findings | length >= 4 and all(.kept)) and .trouble == ""' "$scratch/said.json" >/dev/null || fail "not measured: $(cat "$scratch/said.json")"
for name in l1-states posting-window; do
  code=0
  "$rondo" chaos $name >"$scratch/said" 2>&1 || code=$?
  [ "$code" = 5 ] && grep -q 'not before settlement' "$scratch/said" || fail "$name ends with $code and says $(cat "$scratch/said")"
done

# Interrupted half-way, it takes its cluster and its folder with it.
"$rondo" chaos upgrade --json >"$scratch/said.json" 2>&1 &
chaos=$!
deadline=$((SECONDS + 60))
until ls -d "$scratch"/rondo-chaos.*/home/node3/log/consensus.log >/dev/null 2>&1; do [ "$SECONDS" -lt "$deadline" ] || fail 'no cluster was started'; done
kill -TERM "$chaos"
code=0
wait "$chaos" || code=$?
[ "$code" = 4 ] || fail "interrupted, it ends with $code"
! ls -d "$scratch"/rondo-chaos.* 2>/dev/null || fail 'its folder is left behind'
! pgrep -f "$scratch/rondo-chaos" || fail 'its actors are left behind'
