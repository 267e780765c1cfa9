#!/usr/bin/env bash
# Promise: an actor, and then a whole node, that hangs for ten seconds under load (SIGSTOP: its sockets stay open, it says nothing)
# does not stop the others. It shows in `status`, is back at the head afterwards, and no transaction is lost, not even those that it
# had promised.
source "$(dirname "$0")/../lib.sh"
start_cluster
await_progress
hang() {  # hang TARGET ACTORS: how many of node1's actors that are
  local from
  begin_load 40 12
  await 60 'the load' "[.nodes[].executed_height] | min > $(status_json | jq '[.nodes[].final_height] | max')"
  "$rondo" pause --home "$home" "$1" >/dev/null
  from=$(status_json | jq '[.nodes[0,2,3].final_height] | max')
  for_seconds 10 "[.nodes[1].actors[] | select(.state == \"paused\")] | length == $2"
  status_json | jq -e "[.nodes[0,2,3].executed_height] | min > $from + 10" >/dev/null || fail "the others waited for $1"
  "$rondo" resume --home "$home" "$1" >/dev/null
  end_load
  await 60 'node1 at the head' '([.nodes[].executed_height] | max) - .nodes[1].executed_height < 5'
}
hang node1/consensus 1
hang node1 6
status_json | jq -e '[.nodes[].actors[] | .restarts == 0 and .quarantined == null] | all' >/dev/null || fail 'something ended meanwhile'
! is_jailed 1 || fail 'node1 is jailed'
same_roots
