#!/usr/bin/env bash
# Promise: an operator's node moves to another machine by one command on either, under load. The old home signs nothing from then on,
# also when it is started again by mistake, and says so. The new one signs at once: it has the table of what was signed, and is not in
# quarantine. What is no bundle, or of somebody else, is refused and leaves nothing behind.
source "$(dirname "$0")/../lib.sh"
"$rondo" init --home "$home" --nodes 4 --set idle_ms=100 >/dev/null
old=$scratch/old
split_off "$old"
"$rondo" up --home "$home" --detach >/dev/null
"$rondo" up --home "$old" --detach >/dev/null
await_progress
begin_load 30 45
(umask 077 && echo 'a passphrase' >"$scratch/passphrase" && echo 'another' >"$scratch/wrong")
bundle=$scratch/node3.bundle
await 60 'the load' '[.nodes[].executed_height] | min > 20'

halts_without_node3() {  # with node2 away nothing is final but by the signatures of node3
  local last now still=0
  "$rondo" pause --home "$home" node2 >/dev/null
  last=$(status_json | jq '[.nodes[0,1].final_height] | max')
  while [ "$still" -lt 15 ]; do
    now=$(status_json | jq '[.nodes[0,1].final_height] | max')
    if [ "$now" = "$last" ]; then still=$((still + 1)); else still=0; last=$now; fi
    [ "$SECONDS" -lt "$1" ] || fail 'blocks become final: the old home signs'
  done
  "$rondo" resume --home "$home" node2 >/dev/null
}

"$rondo" key hand-over node3 --home "$old" --to "$bundle" --passphrase-file "$scratch/passphrase" >/dev/null
! grep -qaF "$(sed -n 's/^secret 0x//p' "$old/node3/keys/signing.key")" "$bundle" || fail 'the bundle is not sealed'
"$rondo" status --home "$old" >/dev/null && fail 'the old home still runs'

# Started again by mistake: it follows the chain, and says why it signs nothing.
"$rondo" up --home "$old" --detach >/dev/null
deadline=$((SECONDS + 60)) head=$(status_json | jq '[.nodes[].final_height] | max')
until [ "$("$rondo" status --home "$old" --json | jq '.nodes[0].executed_height')" -gt "$head" ]; do
  [ "$SECONDS" -lt "$deadline" ] || fail 'the old home does not follow'
done
"$rondo" status --home "$old" --json | jq -e '[.nodes[0].actors[] | select(.name == "consensus" or .name == "intake").quarantined |
  contains("handed over")] == [true, true]' >/dev/null || fail 'the old home does not say that it was handed over'
halts_without_node3 $((SECONDS + 60))
"$rondo" down --home "$old" >/dev/null

# The new home, where the chain says that the node is.
new=$scratch/new
homes+=("$new")
ports=$(jq -r '.operators[3] | [.lanes, .votes, .sync, .fetch, .state] | join(",")' "$home/genesis.json")
"$rondo" join --home "$new" --genesis "$home/genesis.json" --host 127.0.0.1 --ports "$ports,0" --da-folder "$home/da" >/dev/null
take_over() { "$rondo" key take-over "$1" --home "$new" --passphrase-file "$2" >"$scratch/said" 2>&1; }
refused() {  # refused PATTERN FILE PASSPHRASE
  ! take_over "$2" "$3" || fail "taken over: $2"
  grep -q "$1" "$scratch/said" || fail "not what it says: $(cat "$scratch/said")"
  [ -z "$(ls -A "$new/node0/store")" ] || fail 'a refused bundle left something'
}
head -c -100 "$bundle" >"$scratch/cut.bundle"
(cat "$bundle" && echo more) >"$scratch/long.bundle"
refused 'wrong passphrase' "$bundle" "$scratch/wrong"
refused 'damaged' "$scratch/cut.bundle" "$scratch/passphrase"
refused 'damaged' "$scratch/long.bundle" "$scratch/passphrase"
refused 'no bundle' "$home/genesis.json" "$scratch/passphrase"
cp -p "$bundle" "$scratch/copy.bundle"
take_over "$bundle" "$scratch/passphrase" || fail "not taken over: $(cat "$scratch/said")"
[ ! -e "$bundle" ] || fail 'the bundle is still there'
! take_over "$scratch/copy.bundle" "$scratch/passphrase" || fail 'taken over twice'
"$rondo" up --home "$new" --detach >/dev/null

"$rondo" pause --home "$home" node2 >/dev/null
from=$(status_json | jq '.nodes[0].final_height')
await 60 'final blocks with the votes of the new home' ".nodes[0].final_height > $from + 10"
"$rondo" resume --home "$home" node2 >/dev/null
! grep -h 'quarantine' "$new"/node0/log/*.log || fail 'the new home was in quarantine'
end_load
! is_jailed 3 || fail 'node3 is jailed'
same_roots
