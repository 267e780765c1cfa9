#!/usr/bin/env bash
# Promise: one who floods every node with a multiple of what they take is told BUSY; beside it a user of modest wants never is, at any
# node, by msgpack or by JSON-RPC, whether the node is its home or forwards for it; everything that was taken has its effect.
source "$(dirname "$0")/lib.sh"
start_cluster --alloc-from "$sample" --load-accounts 2000
busy='[.nodes[].actors[] | select(.name == "intake") | .facts.busy_count] | add'

begin_load 20000 30 --accounts 2000 --give-up
await 240 'a flood' "$busy > 10000"
# goes_on: the flood was told BUSY since the last time it was asked, so that what was seen meanwhile was seen beside it.
told=10000
goes_on() { await 10 'more of the flood' "$busy > $told"; told=$(status_json | jq "$busy"); }
# 1. By msgpack: the sample at an even pace, first half at the senders' homes, second half at a node that mostly forwards.
zcat "$sample" | sed -n '1,800p' >"$scratch/first"
zcat "$sample" | sed -n '801,1200p' >"$scratch/second"
"$rondo" send "$scratch/first" --home "$home" --rate 200 --await accepted --json >"$scratch/first.json"
"$rondo" send "$scratch/second" --home "$home" --rate 100 --node node0 --await accepted --json >"$scratch/second.json"
goes_on
for part in first second; do
  jq -e '.busy_retries == 0' "$scratch/$part.json" >/dev/null || fail "beside a flood: $(cat "$scratch/$part.json")"
done
# 2. By JSON-RPC, one after the other.
rpc=$(status_json | jq -r '.nodes[1].rpc')
zcat "$sample" | sed -n '1201,1250p' | jq -c '{jsonrpc: "2.0", id: 1, method: "eth_sendRawTransaction", params: [.raw]}' >"$scratch/bodies"
while read -r body; do
  answer=$(curl -sS --max-time 30 -H 'content-type: application/json' -d "$body" "$rpc")
  jq -e '.result or (.error.data.reason | . != "busy" and . != "unreachable")' <<<"$answer" >/dev/null || fail "JSON-RPC beside a flood: $answer"
done <"$scratch/bodies"
goes_on
wait "$load" || fail "the flood did not end well: $(cat "$scratch/load.json")"
jq -e '.busy_retries > 10000 and .executed + .given_up + .gapped == .transactions and .refused == {}' "$scratch/load.json" >/dev/null || fail "the flood: $(cat "$scratch/load.json")"
jq -c '{beside_the_flood: {home: $a[0].latency_ms, forwarded: $b[0].latency_ms}, flood: {busy: .busy_retries, executed: .executed}}' \
  --slurpfile a "$scratch/first.json" --slurpfile b "$scratch/second.json" "$scratch/load.json"
status_json | jq -e '[.nodes[].actors[].restarts] | add == 0' >/dev/null || fail 'an actor died'
same_roots
