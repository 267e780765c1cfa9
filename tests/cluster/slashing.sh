#!/usr/bin/env bash
# Promise: who signs two votes for one view, or two headers for one place of its lane, is jailed and loses the set part of its stake,
# once for each; it leads no more; nobody else is touched.
source "$(dirname "$0")/lib.sh"
signer=$bin/rondo-double-signer
staking=0x0000000000000000000000000000000000005201
slashing=0x0000000000000000000000000000000000005202
is_jailed=0x6351775c stake_of=0x24a66539  # selectors of isJailed(uint256), stakeOf(uint256)
slashed=0x47e99347fd28cb42e94fa97d71816cdfe8caf7ef7490028f2c8f631005bc0903  # topic of Slashed(uint256,bytes32,uint256)
epoch_blocks=32

# Stakes and what is taken of them fit the shell's 64 bits.
start_cluster --stakes 8,8,8,8 --set epoch_blocks=$epoch_blocks --set idle_ms=100
rpc=$(status_json | jq -r '.nodes[0].rpc')
rpc_call() { curl -sS -H 'content-type: application/json' -d "$1" "$rpc"; }
word() { printf '%064x' "$1"; }
view_of() {  # view_of SELECTOR OPERATOR: a word of the staking module, without leading zeros
  rpc_call "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_call\",\"params\":[{\"to\":\"$staking\",\"data\":\"$1$(word "$2")\"},\"latest\"]}" |
    jq -er .result | sed -E 's/^0x0*//'
}
blocks() {  # blocks FIRST LAST: all of them, with their transactions, as one array
  rpc_call "$(jq -cn --argjson a "$1" --argjson b "$2" '
    def hex: if . < 16 then "0123456789abcdef"[.:. + 1] else (. / 16 | floor | hex) + (. % 16 | hex) end;
    [range($a; $b + 1) | {jsonrpc: "2.0", id: ., method: "eth_getBlockByNumber", params: ["0x" + hex, true]}]')" | jq -c 'sort_by(.id) | [.[].result]'
}
led_by() { jq --arg m "$2" '[.[] | select(.miner == $m)] | length' <<<"$1"; }

offender=$("$rondo" key show node3 --home "$home" --json | jq -r '.keys[] | select(.name == "fees").public')
await 60 'the first epoch' "[.nodes[].executed_height] | min > $epoch_blocks"
before=$(blocks 1 $epoch_blocks)
[ "$(led_by "$before" "$offender")" -gt 0 ] || fail 'node3 led nothing even before'
stakes=(); for n in 0 1 2 3; do stakes[n]=$(view_of $stake_of $n); [ -z "$(view_of $is_jailed $n)" ] || fail "operator $n is jailed already"; done

await_stake() {  # await_stake WEI WHAT: node3's
  local deadline=$((SECONDS + 60))
  until [ "$(view_of $stake_of 3)" = "$(printf '%x' "$1")" ]; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$2, and the stake is still 0x$(view_of $stake_of 3)"
  done
}
full=$((16#${stakes[3]})) once=$((16#${stakes[3]} / 1000 * 970)) twice=$((16#${stakes[3]} / 1000000 * 970 * 970))

# Its own consensus actor stays silent meanwhile: the two votes are all that it says.
"$rondo" pause --home "$home" node3/consensus >/dev/null
epoch=$("$signer" votes "$home/node3" "$home/node0") || fail 'the two votes were not cast'
"$rondo" resume --home "$home" node3/consensus >/dev/null
await_stake $once "two votes in one view of epoch $epoch"
[ "$(view_of $is_jailed 3)" = 1 ] || fail 'slashed, and not jailed'
epoch=$("$signer" headers "$home/node3" "$home/node0") || fail 'the two headers were not offered'
await_stake $twice "two first batches in epoch $epoch"

# The ledger's record: one event for each fault.
head=$(status_json | jq '[.nodes[].executed_height] | max')
await 30 'node0 executed it' ".nodes[0].executed_height >= $head"
filings=$(blocks 1 "$head" | jq -c --arg to "$slashing" '[.[].transactions[] | select(.to == $to).hash]')
logs=$(rpc_call "$(jq -c 'to_entries | map({jsonrpc: "2.0", id: .key, method: "eth_getTransactionReceipt", params: [.value]})' <<<"$filings")" |
  jq -c --arg t "$slashed" '[sort_by(.id)[].result.logs[] | select(.topics[0] == $t)]')
jq -e --arg who "0x$(word 3)" --arg one "$(word $((full - once)))" --arg two "$(word $((once - twice)))" \
  'all(.topics[1] == $who) and [.[].data[-64:]] == [$one, $two]' <<<"$logs" >/dev/null || fail "not the two Slashed events: $logs"

# Contexts are frozen ahead: within three epochs after this one it is passed over, in all of an epoch's blocks.
first=$(((head / epoch_blocks + 3) * epoch_blocks + 1)); last=$((first + epoch_blocks - 1))
await 90 'some epochs later' ".nodes[0].executed_height >= $last"
after=$(blocks "$first" "$last")
[ "$(led_by "$after" "$offender")" = 0 ] || fail "the jailed operator led blocks $first to $last"
for n in 0 1 2; do
  [ -z "$(view_of $is_jailed $n)" ] && [ "$(view_of $stake_of $n)" = "${stakes[n]}" ] || fail "operator $n was touched"
done
[ "$(view_of $stake_of 3)" = "$(printf '%x' $twice)" ] || fail 'it was slashed again'
same_roots
