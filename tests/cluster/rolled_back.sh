#!/usr/bin/env bash
# Promise: a node whose stores went back to an older copy, or are gone, says that it is quarantined, follows the chain, votes again by
# the rule, and leaves no evidence against itself and no fork.
source "$(dirname "$0")/lib.sh"

start_cluster --alloc-from "$sample" --set epoch_blocks=64

quarantined='[.nodes[3].actors[] | select(.quarantined != null) | .name]'
consensus_log=$home/node3/log/consensus.log
stop_cluster() { "$rondo" down --home "$home" >/dev/null; }
start_again() { "$rondo" up --home "$home" --detach >/dev/null; }
stores_of_node3() { sed -n 's/^store *= *"\([^"]*\)".*/\1/p' "$home"/node3/{intake,consensus}.toml; }
at_its_head() { await 120 'node3 at the head' '([.nodes[].final_height] | max) - .nodes[3].final_height < 5'; }
says_so() { grep -c 'goes into quarantine' "$consensus_log" || true; }

# quarantined_and_back HOW-MANY-TIMES: it has said so that often, signs again from a view that it names, and is no longer marked.
quarantined_and_back() {
  local deadline=$((SECONDS + 120))
  until [ "$(says_so)" -ge "$1" ]; do
    [ "$SECONDS" -lt "$deadline" ] || fail "node3 is not in quarantine for the $1. time"
  done
  await 180 'an end of the quarantine' "$quarantined == []"
  [ "$(grep -c 'signs again from view' "$consensus_log")" -ge "$1" ] || fail 'it signs without a point of re-entry'
  at_its_head
}

await_progress
stop_cluster
cd_home=$PWD
for store in $(cd "$home/node3" && stores_of_node3); do :; done
