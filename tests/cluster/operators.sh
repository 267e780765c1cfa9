# Sourced after lib.sh by scenarios whose operators come and go: a network that begins with one, and a bank that owns all others.
bank=$scratch/bank.key
owner=$("$rondo" key generate "$bank" --kind account --json | jq -r .public)

start_with_one() {  # start_with_one [OPTION...]
  "$rondo" init --home "$home" --nodes 1 --profile test --fund "$owner=1000000000000000000000" "$@" >/dev/null
  "$rondo" up --home "$home" --detach >/dev/null
  rpc=$(status_json | jq -r '.nodes[0].rpc')
}
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
members() { "$rondo" stake list --home "$home" --json | jq -r '.sets[0].members | length'; }
await_members() {  # await_members COUNT
  local deadline=$((SECONDS + 180))
  until [ "$(members)" = "$1" ]; do [ "$SECONDS" -lt "$deadline" ] || fail "no set of $1 members came about"; done
}
# Nothing lost, nothing doubled. Who was not answered in time sends again, and may hear then that the nonce is used: by the first time.
end_load_through_restarts() {
  wait "$load" || fail "the load did not get through: $(cat "$scratch/load.json")"
  jq -e '.gapped == 0 and .executed <= .transactions and .executed + (.refused["nonce too low"] // 0) >= .transactions' \
    "$scratch/load.json" >/dev/null || fail "something was lost: $(cat "$scratch/load.json")"
}
