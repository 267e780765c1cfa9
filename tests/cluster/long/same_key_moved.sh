#!/usr/bin/env bash
# Promise: two nodes run with one operator's keys, and the address that the chain names moves from one to the other and back, so that
# either hears the others for a while. The one that comes without the table of what was signed says that it is quarantined. No block
# is ever contradicted and the others go on. Where the two did sign two things for one slot, the watchers prove it, and the operator is
# jailed; otherwise nobody is. What such an operator promised it may break: who sends again after that loses nothing.
source "$(dirname "$0")/../lib.sh"
source tests/cluster/netns.sh
start_network --alloc-from "$sample" --set idle_ms=100 --set epoch_blocks=128
await_heights 3 "${names[@]}"
dave=$(address_of dave)
number=$(jq '.operators[] | select(.moniker == "dave").number' "$scratch/genesis.json")
plug again
twin_of "$number" "$scratch/dave/node0/keys" "$scratch/again" --host "$dave" --ports "$listening" --da-folder "$scratch/da"
inside again "$rondo" up --home "$scratch/again" --detach >/dev/null
quarantined() { "$rondo" status --home "$scratch/again" --json | jq -e '.nodes[0].actors[] | select(.name == "consensus").quarantined != null' >/dev/null; }
zcat "$sample" | sed -n 1,800p >"$scratch/part.jsonl"
"$rondo" send "$scratch/part.jsonl" --home "$home" --rate 20 --json >/dev/null &
send=$!

move_address "$dave" dave again
deadline=$((SECONDS + 60))
until quarantined; do [ "$SECONDS" -lt "$deadline" ] || fail 'the second does not notice that its key has signed elsewhere'; done
await_heights $(($(highest alice bob carol) + 10)) alice bob carol again

# To and fro. Bob is away in every other round: then nothing is final without the key that runs twice.
for round in 1 2 3 4; do
  move_address "$dave" again dave
  await_heights $(($(highest alice bob carol) + 5)) alice carol
  [ $((round % 2)) = 0 ] || "$rondo" pause --home "$scratch/bob" node0 >/dev/null
  await_heights $(($(highest alice carol) + 5)) alice carol dave
  move_address "$dave" dave again
  await_heights $(($(highest alice carol) + 5)) alice carol
  "$rondo" resume --home "$scratch/bob" node0 >/dev/null
  await_heights $(($(highest alice carol) + 5)) alice bob carol
done
move_address "$dave" again dave
"$rondo" down --home "$scratch/again" >/dev/null
wait "$send" || fail 'rondo send did not end well'
await_heights $(($(highest alice bob carol) + 10)) alice bob carol dave
"$rondo" send "$sample" --home "$home" --await executed --json >"$scratch/send.json" || fail "what is sent again does not get through"
jq -e --slurpfile e "$expected" '.gapped == 0 and .transactions == $e[0].transactions and
  .executed + (.refused["nonce too low"] // 0) >= $e[0].executed' "$scratch/send.json" >/dev/null || fail "lost: $(cat "$scratch/send.json")"
for other in 0 1 2 3; do [ "$other" = "$number" ] || ! is_jailed "$other" || fail "operator $other is jailed"; done
if is_jailed "$number"; then echo 'the key signed twice: its operator is jailed'; else echo 'the key signed nothing twice'; fi
for home in "$scratch"/{alice,bob,carol,dave}; do same_roots; done
