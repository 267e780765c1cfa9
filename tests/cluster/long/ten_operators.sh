#!/usr/bin/env bash
# Promise: in one run, while users send, a network grows from one operator to four, seven and ten, each in a home of its own, and
# shrinks to four of which three came last. Whatever was taken is executed once, all that run have one state, and every operator that
# left gets its bond back: not while it is a member, and once.
source "$(dirname "$0")/../lib.sh"
source "$(dirname "$0")/../operators.sh"

# Sixty processes on a small machine: few blocks, and time for each.
start_with_one --set epoch_blocks=24 --set idle_ms=400 --set delta_ms=400 --set delta_max_ms=2000 --set retry_ms=500 \
  --set censorship_ms=20000 --set unbonding_ms=30000
begin_load 10 120

ask() {  # ask RPC METHOD PARAMETERS
  curl -sS -m 10 -H 'content-type: application/json' "$1" -d "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"$2\",\"params\":$3}" | jq -er .result
}
one_state() {  # every node of every home has the same state after a block that is new when this is asked
  local height one at deadline=$((SECONDS + 180))
  height=$(ask "$rpc" eth_blockNumber '[]')
  for one in "${homes[@]}"; do
    at=$("$rondo" status --home "$one" --json | jq -r '.nodes[0].rpc')
    until [ $(($(ask "$at" eth_blockNumber '[]'))) -ge $((height)) ]; do [ "$SECONDS" -lt "$deadline" ] || fail "$one does not come to block $height"; done
    ask "$at" eth_getBlockByNumber "[\"$height\",false]" | jq -er .stateRoot
  done | sort -u >"$scratch/roots"
  [ "$(wc -l <"$scratch/roots")" = 1 ] || fail "the states after block $height differ: $(cat "$scratch/roots")"
}
balance() {  # of the bank, in units of 2^32 wei: that fits a number of the shell
  local wei
  wei=$(ask "$rpc" eth_getBalance "[\"$owner\",\"latest\"]")
  echo $((16#${wei:2:-8}))
}
state_of() { "$rondo" stake list --home "$home" --json | jq -r ".operators[] | select(.moniker == \"$1\").state"; }

for group in 'bob carol dave' 'erin frank grace' 'heidi ivan judy'; do
  for name in $group; do join "$name"; done
  await_members "${#homes[@]}"
  one_state
done

leavers=(bob carol dave erin frank grace)
for leaver in "${leavers[@]}"; do stake "$scratch/$leaver" leave; done
! stake "$scratch/grace" withdraw 2>"$scratch/why" || fail 'a bond was paid out to a member'
grep -q 'still' "$scratch/why" || fail "refused for another reason: $(cat "$scratch/why")"
await_members 4
end_load_through_restarts

# The owner pays the fees of what it sends, and gets a bond for it.
almost_a_bond=7450347766  # 31.999 ether
for leaver in "${leavers[@]}"; do
  before=$(balance)
  deadline=$((SECONDS + 180))
  until stake "$scratch/$leaver" withdraw 2>"$scratch/why"; do
    grep -q 'still' "$scratch/why" && [ "$SECONDS" -lt "$deadline" ] || fail "$leaver cannot withdraw: $(cat "$scratch/why")"
  done
  [ "$(state_of "$leaver")" = withdrawn ] || fail "$leaver is $(state_of "$leaver")"
  [ $(($(balance) - before)) -ge "$almost_a_bond" ] || fail "$leaver's bond did not reach its owner"
  ! stake "$scratch/$leaver" withdraw 2>/dev/null || fail "$leaver withdrew twice"
done

# Those that left follow still. Of the four members one is not heard: it takes all others, who came last.
one_state
"$rondo" pause --home "$scratch/heidi" node0 --json >/dev/null
await_progress
"$rondo" resume --home "$scratch/heidi" node0 --json >/dev/null
same_roots
