#!/usr/bin/env bash
# Promise: a node whose clock is off by five seconds, either way, costs its own turns to lead and nothing else: what is sent is executed,
# the node follows the chain, nobody can prove anything against it, and it leads again when its clock is right.
source "$(dirname "$0")/../lib.sh"
"$rondo" init --home "$home" --nodes 4 --set idle_ms=100 >/dev/null
odd=$scratch/odd
split_off "$odd"
odd_height() { "$rondo" status --home "$odd" --json | jq '.nodes[0].final_height'; }
follows() {  # follows WHEN: node3 comes to where the others are now
  local deadline=$((SECONDS + 60)) head
  head=$(status_json | jq '[.nodes[].final_height] | max')
  until [ "$(odd_height)" -ge "$head" ]; do [ "$SECONDS" -lt "$deadline" ] || fail "node3 does not follow $1: $(odd_height) of $head"; done
}
"$rondo" up --home "$home" --detach >/dev/null
fees=$("$rondo" key show node3 --home "$odd" --json | jq -r '.keys[] | select(.name == "fees").public')
rpc=$(status_json | jq -r '.nodes[0].rpc')
led_by_node3() {  # among the last 24 blocks
  local head
  head=$(status_json | jq '.nodes[0].executed_height')
  curl -sS -H 'content-type: application/json' "$rpc" -d "$(jq -cn --argjson h "$head" '
    def hex: if . < 16 then "0123456789abcdef"[.:. + 1] else (. / 16 | floor | hex) + (. % 16 | hex) end;
    [range($h - 23; $h + 1) | {jsonrpc: "2.0", id: ., method: "eth_getBlockByNumber", params: ["0x" + hex, false]}]')" |
    jq --arg m "$fees" '[.[].result | select(.miner == $m)] | length'
}
for offset in 5 -5; do
  LD_PRELOAD=$PWD/$bin/rondo-clock-off.so RONDO_CLOCK_OFF_S=$offset "$rondo" up --home "$odd" --detach >/dev/null
  begin_load 40 8
  end_load
  await_progress
  follows "at $offset s"
  # What it proposes is not of now yet, and nobody waits five seconds for it.
  [ "$offset" -lt 0 ] || [ "$(led_by_node3)" = 0 ] || fail 'node3 leads with a clock that is ahead: it is not off at all'
  "$rondo" down --home "$odd" >/dev/null
done
"$rondo" up --home "$odd" --detach >/dev/null
follows 'with a right clock'
deadline=$((SECONDS + 60))
until [ "$(led_by_node3)" -gt 2 ]; do [ "$SECONDS" -lt "$deadline" ] || fail 'node3 leads nothing with a right clock'; done
! is_jailed 3 || fail 'node3 is jailed'
same_roots
