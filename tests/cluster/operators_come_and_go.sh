#!/usr/bin/env bash
# Promise: while users send, a network of one operator grows to four and to seven, each in a home of its own, one of them rotates its
# keys, and three leave. Whatever was taken is executed once, and the state can be rebuilt.
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/operators.sh"

start_with_one --set epoch_blocks=40
begin_load 40 45

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

end_load_through_restarts

# Four members, of which one rotated its keys: without another one the quorum needs it.
"$rondo" pause --home "$scratch/dave" node0 --json >/dev/null
await_progress
"$rondo" resume --home "$scratch/dave" node0 --json >/dev/null
same_roots
