#!/usr/bin/env bash
# Promise: while users send, a network of one operator grows to four and to seven, each in a home of its own, one of them rotates its
# keys, and three leave. Whatever was taken is executed once, and the state can be rebuilt.
source "$(dirname "$0")/lib.sh"

bank=$scratch/bank.key
owner=$("$rondo" key generate "$bank" --kind account --json | jq -r .public)
"$rondo" init --home "$home" --nodes 1 --profile test --set epoch_blocks=40 --fund "$owner=1000000000000000000000" >/dev/null
"$rondo" up --home "$home" --detach >/dev/null
rpc=$(status_json | jq -r '.nodes[0].rpc')

stake() {  # stake HOME VERB [OPTION...]
  local at=$1 verb=$2
  shift 2
  "$rondo" stake "$verb" --home "$at" --key-file "$bank" --rpc "$rpc" --json "$@" >/dev/null
}
join() {  # a candidate follows, registers, and learns its number
  local at=$scratch/$1
  homes+=("$at")
  "$rondo" join --home "$at" --genesis "$home/genesis.json" --host 127.0.0.1 --da-folder "$home/da" --json >/dev/null
  "$rondo" up --home "$at" --detach --json >/dev/null
  stake "$at" register --moniker "$1" --stake 32
  "$rondo" restart --home "$at" node0 --json >/dev/null
}
members() { "$rondo" stake list --home "$1" --json | jq -r '.sets[0].members | length'; }
await_members() {  # await_members COUNT
  local deadline=$((SECONDS + 120))
  until [ "$(members "$home")" = "$1" ]; do [ "$SECONDS" -lt "$deadline" ] || fail "no set of $1 members came about"; done
}

"$rondo" load --home "$home" --rate 40 --seconds 45 --json >"$scratch/load.json" &
load=$!

for name in bob carol dave; do join "$name"; done
await_members 4
for name in erin frank grace; do join "$name"; done
await_members 7

stake "$scratch/grace" rotate
"$rondo" restart --home "$scratch/grace" node0 --json >/dev/null
for leaver in bob carol erin; do stake "$scratch/$leaver" leave; done
await_members 4
stake "$scratch/grace" rotate --finish  # in force by now, as is what was sent after it
"$rondo" restart --home "$scratch/grace" node0 --json >/dev/null

wait "$load" || fail "the load did not get through: $(cat "$scratch/load.json")"
# Who was not answered in time sends again, and may hear then that the nonce is used: by the first time.
jq -e '.gapped == 0 and .executed + (.refused["nonce too low"] // 0) >= .transactions' "$scratch/load.json" >/dev/null ||
  fail "something was lost: $(cat "$scratch/load.json")"

# Four members, of which one rotated its keys: without another one the quorum needs it.
"$rondo" pause --home "$scratch/dave" node0 --json >/dev/null
await_progress
"$rondo" resume --home "$scratch/dave" node0 --json >/dev/null
same_roots
