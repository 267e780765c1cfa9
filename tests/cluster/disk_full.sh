#!/usr/bin/env bash
# Promise: a node whose disk has little room left answers BUSY, acknowledges no new batches and says so, while it serves and votes, and
# the others go on; what is sent through them is executed, whoever its home lane is. A disk that is full to the last byte ends the
# node's actors with their own code, loses nothing that was promised, and when there is room they go on by themselves.
source "$(dirname "$0")/lib.sh"
[ "$(id -u)" -eq 0 ] || { echo 'a disk of its own for one node takes root (a small tmpfs)'; exit 77; }
disk=$scratch/disk
mkdir "$disk"
mount -t tmpfs -o size=96m rondo-test "$disk" 2>"$scratch/why" || { echo "no tmpfs can be mounted here: $(cat "$scratch/why")"; exit 77; }
afterwards() { umount "$disk"; }
"$rondo" init --home "$home" --nodes 4 --alloc-from "$sample" --set idle_ms=100 >/dev/null
rmdir "$home/node3/store"
ln -s "$disk" "$home/node3/store"
sed -i 's/^disk_reserve_mib = [0-9]*/disk_reserve_mib = 32/' "$home/node3/intake.toml"
"$rondo" up --home "$home" --detach >/dev/null
await_progress
available() { df --output=avail -B1 "$disk" | tail -n 1; }
leave() { fallocate -l $(($(available) - $1)) "$disk/ballast"; }  # leave BYTES free
says_why='(.nodes[3].actors[] | select(.name == "intake").note | contains("takes nothing new"))'

# Little room: what was being sent goes on once there is more; what others are asked does not wait for that.
begin_load 60 4
leave $((20 << 20))
await 60 'node3 says that it takes nothing' "$says_why"
"$rondo" send "$sample" --home "$home" --node node0 --await executed --json >"$scratch/send.json"
holds_expected "$scratch/send.json"
await_progress
status_json | jq -e "$says_why and (.nodes[3].actors | all(.state == \"up\" and .restarts == 0))" >/dev/null || fail 'node3 does not serve'
rm "$disk/ballast"
await 60 'node3 takes transactions again' "$says_why | not"
end_load

# No room at all.
begin_load 60 12
cat /dev/zero >"$disk/ballast" 2>/dev/null || true
await 90 'an actor of node3 ended for want of room' '[.nodes[3].actors[].note | contains("exit code 75")] | any'
from=$(status_json | jq '[.nodes[0,1,2].final_height] | max')
await 60 'the others go on' "[.nodes[0,1,2].executed_height] | min > $from + 10"
rm "$disk/ballast"
await 60 'all of node3 runs again' '.nodes[3].actors | all(.state == "up" and .quarantined == null)'
end_load
await 60 'node3 at the head' '([.nodes[].executed_height] | max) - .nodes[3].executed_height < 5'
! is_jailed 3 || fail 'node3 is jailed'
same_roots
