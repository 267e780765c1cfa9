#!/usr/bin/env bash
# Promise: each outage that can be replayed is replayed, and what was promised is kept.
source "$(dirname "$0")/../lib.sh"
export TMPDIR=$scratch
for name in $("$rondo" chaos --list --json | jq -r '.outages[] | select(.when == "now").name'); do
  "$rondo" chaos "$name" || fail "$name: what was promised was not kept, or not measured"
done
