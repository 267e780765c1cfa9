#!/usr/bin/env bash
# Promise: a node whose stores went back to an older copy, or are gone, says that it is quarantined, serves and follows, votes again by
# the rule, and leaves no evidence against itself and no fork.
source "$(dirname "$0")/lib.sh"

votes_of_node3() {  # on the chain, as node0's consensus counts them since its start
  "$bin/rondo" status --home "$home" --json >/dev/null
  "$rondo" logs node3/consensus --home "$home" -n 2000
}
is_quarantined='[.nodes[3].actors[] | select(.name == "consensus" or .name == "intake") | .quarantined | select(. != null)] | length'
no_consensus_quarantine='[.nodes[3].actors[] | select(.name == "consensus") | .quarantined | select(. != null)] | length == 0'
no_quarantine="$is_quarantined == 0"

# Epochs short enough that the own lane comes back too.
start_cluster --alloc-from "$sample" --set epoch_blocks=64
"$rondo" send "$sample" --home "$home" --await executed --json >"$scratch/send.json"
holds_expected "$scratch/send.json"
