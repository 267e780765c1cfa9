#!/usr/bin/env bash
# Promise: the fees of an epoch are attested by the operators, accepted by the ledger, and paid to who earned them, to the last wei.
source "$(dirname "$0")/lib.sh"
rewards_module=0x0000000000000000000000000000000000005203
pot_of=0xfa79e017  # selector of potOf(uint256)
start_cluster --alloc-from "$sample" --set epoch_blocks=32 --set idle_ms=100
rpc=$(status_json | jq -r '.nodes[0].rpc')
ask() { curl -sS -H 'content-type: application/json' -d "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$1\",\"params\":$2}" "$rpc" | jq -er .result; }
decimal() { echo $((16#$(sed -E 's/^0x0*//; s/^$/0/' <<<"$1"))); }  # what the sample pays fits 64 bits
balance() { decimal "$(ask eth_getBalance "[\"$1\",\"latest\"]")"; }
earnings() { "$rondo" rewards --home "$home" --json "$@"; }

"$rondo" send "$sample" --home "$home" --await executed --json >"$scratch/send.json"
holds_expected "$scratch/send.json"
# All fees are in closed epochs once the epoch of the last transaction is over, and accepted a little later.
sent=$(status_json | jq '[.nodes[].executed_height] | max')
last=$(((sent + 31) / 32))
pots=0
for epoch in $(seq 1 "$last"); do
  await 90 "the end of epoch $epoch" "[.nodes[].executed_height] | min > $((epoch * 32))"
  pots=$((pots + $(decimal "$(ask eth_call "[{\"to\":\"$rewards_module\",\"data\":\"$pot_of$(printf '%064x' "$epoch")\"},\"latest\"]")")))
done
[ "$pots" -gt 0 ] || fail 'the sample paid no fees'
deadline=$((SECONDS + 60))
proven='.total == $pots and (.accounts | length == 4 and all(.found))'
until earnings | jq -e --arg pots "$pots" "$proven" >/dev/null; do [ "$SECONDS" -lt "$deadline" ] || fail "pots of $pots wei and this: $(earnings || true)"; done

all=$(earnings)
jq -e '.accounts | all(.claimable == .cumulative and .claimed == "0")' <<<"$all" >/dev/null || fail "something was claimed: $all"
# A quorum of operators attested, each by itself; who comes later than that need not.
attested=0
for n in 0 1 2 3; do
  account=$("$rondo" key show "node$n" --home "$home" --json | jq -r '.keys[] | select(.name == "rewards").public')
  [ "$(decimal "$(ask eth_getTransactionCount "[\"$account\",\"latest\"]")")" = 0 ] || attested=$((attested + 1))
done
[ "$attested" -ge 3 ] || fail "a root accepted with $attested attestations"
# What is not given to anyone yet is dust of the divisions.
given=$(jq -r '[.accounts[].cumulative] | join(" + ")' <<<"$all")
[ $((pots - (given))) -ge 0 ] && [ $((pots - (given))) -lt 100 ] || fail "of $pots wei only $given are given"

# A stranger pays for the claim; the account gets exactly what it earned, once.
claimant=$(jq -r '.accounts[1].account' <<<"$all"); due=$(jq -r '.accounts[1].cumulative' <<<"$all")
before=$(balance "$claimant")  # for changes of its registration
claim=("$rondo" rewards --home "$home" --account "$claimant" --claim --key-file "$home/node0/keys/rewards.key" --json)
"${claim[@]}" | jq -e '.claim.succeeded' >/dev/null || fail 'the claim did not succeed'
head=$(status_json | jq '[.nodes[].executed_height] | max')
await 30 'node0 executed it' ".nodes[0].executed_height >= $head"
paid=$(($(balance "$claimant") - before))
[ "$paid" = "$due" ] || fail "$paid wei were paid of $due"
# The claim's own fee may have closed another epoch by now; what was paid is not paid again in any case.
earnings --account "$claimant" | jq -e --arg due "$due" '.accounts[0].claimed == $due' >/dev/null || fail 'the ledger does not know that it paid'
same_roots
