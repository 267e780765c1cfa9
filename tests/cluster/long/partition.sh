#!/usr/bin/env bash
# Promise: whoever is cut off from a quorum halts, whoever is not goes on; a cut through the middle halts all. No side ever finalizes
# what the other does not, nothing that was sent is lost, and everybody is at one head again when the network heals. The same when
# only one direction is cut: a node that hears nobody, or that nobody hears. Nobody can be proven to have cheated.
source "$(dirname "$0")/../lib.sh"
source tests/cluster/netns.sh
start_network --alloc-from "$sample" --set idle_ms=100
await_heights 3 "${names[@]}"
"$rondo" send "$sample" --home "$home" --rate 60 --timeout 240 --await executed --json >"$scratch/send.json" &
send=$!
back_together() {
  heal
  await_heights $(($(highest) + 10)) "${names[@]}"
}

# One against three.
cut_off dave $(others_than dave)
await_heights $(($(highest alice bob carol) + 10)) alice bob carol
halts dave
back_together

# Two against two.
for name in alice bob; do cut_off $name "$(address_of carol)" "$(address_of dave)"; done
for name in carol dave; do cut_off $name "$(address_of alice)" "$(address_of bob)"; done
halts "${names[@]}"
back_together

# Dave hears nobody, and all hear him.
deafen dave $(others_than dave)
await_heights $(($(highest alice bob carol) + 10)) alice bob carol
halts dave
back_together

# Nobody hears bob, who hears all: he follows.
for name in alice carol dave; do deafen $name "$(address_of bob)"; done
await_heights $(($(highest) + 10)) "${names[@]}"
back_together

wait "$send" || fail 'rondo send did not end well'
holds_expected "$scratch/send.json"
for number in 0 1 2 3; do ! is_jailed $number || fail "operator $number is jailed"; done
for home in "${homes[@]}"; do same_roots; done
