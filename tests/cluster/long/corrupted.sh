#!/usr/bin/env bash
# Promise: bytes of a store that changed by themselves are recognised before anything is done upon them: the actor ends with its code
# and a sentence, and stays down; the others go on. With the store taken away it is in quarantine, and signs again by the rule. No fork,
# and nothing can be proven against it.
source "$(dirname "$0")/../lib.sh"
start_cluster --set idle_ms=100 --set epoch_blocks=64
await_progress
begin_load 40 5
end_load
# rot FILE: in every page of the file but the two that say what it is, the last bytes: where the rows of a page begin to lie.
rot() {
  local pages page
  pages=$(($(stat -c %s "$1") / 4096))
  for ((page = 2; page < pages; page++)); do printf '\xa5\x5a' | dd of="$1" bs=1 seek=$((page * 4096 + 4090)) conv=notrunc status=none; done
}
for actor in consensus intake; do
  "$rondo" down --home "$home" >/dev/null
  rot "$home/node3/store/$actor/data.mdb"
  "$rondo" up --home "$home" --wait 5 >"$scratch/up.log" 2>&1 &
  launcher=$!
  await 60 "node3/$actor ends with its code" ".nodes[3].actors[] | select(.name == \"$actor\") | .state == \"failed\" and (.note | contains(\"exit code 74\"))"
  status_json | jq -r ".nodes[3].actors[] | select(.name == \"$actor\").note"
  from=$(status_json | jq '[.nodes[0,1,2].final_height] | max')
  await 60 'the others go on' "[.nodes[0,1,2].final_height] | min > $from + 5"

  mv "$home/node3/store/$actor" "$scratch/rotten-$actor"
  "$rondo" restart --home "$home" "node3/$actor" >/dev/null
  await 60 "node3/$actor is in quarantine" ".nodes[3].actors[] | select(.name == \"$actor\") | .quarantined != null"
  await 120 'the end of the quarantine' '.nodes[3].actors | all(.state == "up" and .quarantined == null)'
  await_progress
done
begin_load 40 5
end_load
! is_jailed 3 || fail 'node3 is jailed'
same_roots
