#!/usr/bin/env bash
# Promise: four operators who share no home agree on a genesis, and on nothing else: each keeps its keys, and the network runs. An
# entry that somebody changed on the way is refused.
source "$(dirname "$0")/lib.sh"
names=(alice bob carol dave)
"$rondo" genesis new --out "$scratch/draft.json" --chain-id 4242 --profile test >/dev/null
for name in "${names[@]}"; do
  "$rondo" genesis join --draft "$scratch/draft.json" --home "$scratch/$name" --moniker "$name" --host 127.0.0.1 --stake 32 \
    --da-folder "$scratch/da" --out "$scratch/$name.entry.json" >/dev/null
done
entries=("${names[@]/#/$scratch/}")
entries=("${entries[@]/%/.entry.json}")

sed 's/"self_stake": "32/"self_stake": "64/' "${entries[0]}" >"$scratch/greedy.json"
! "$rondo" genesis collect --draft "$scratch/draft.json" --out "$scratch/wrong.json" "$scratch/greedy.json" "${entries[@]:1}" \
  2>"$scratch/refusal" || fail 'an entry that was changed is taken'
grep -q 'not signed by the key' "$scratch/refusal" || fail "the refusal does not say why: $(cat "$scratch/refusal")"

# Whoever collects, in whatever order, gets the same.
collect() { "$rondo" genesis collect --draft "$scratch/draft.json" --json --out "$@" | jq -r .genesis; }
one=$(collect "$scratch/genesis.json" "${entries[@]}")
other=$(collect "$scratch/other.json" "${entries[3]}" "${entries[1]}" "${entries[0]}" "${entries[2]}")
[ "$one" = "$other" ] || fail 'the order of the entries changes the genesis'

homes=()
for name in "${names[@]}"; do
  homes+=("$scratch/$name")
  digest=$("$rondo" genesis check --home "$scratch/$name" --genesis "$scratch/genesis.json" --json | jq -r .genesis)
  [ "$digest" = "$one" ] || fail "$name sees another genesis"
done
for name in "${names[@]}"; do "$rondo" up --home "$scratch/$name" --detach >/dev/null; done
for home in "${homes[@]}"; do await_progress; done
home=${homes[1]}
same_roots
