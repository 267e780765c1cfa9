#!/usr/bin/env bash
# usage: tests/fuzz/run.sh BUILD_DIR [SECONDS_PER_TARGET] [TARGET...]
# Fuzzes the targets of a build made with -DRONDO_FUZZ=ON: all, or those named, 10 seconds each unless told otherwise; ends at the
# first input that breaks one, and says where it lies. Inputs that reach new code are kept under BUILD_DIR/fuzz/corpus/TARGET.
# It begins with the seeds: texts from seeds/TARGET, or else the pinned encoding of every message.
set -euo pipefail
usage='usage: tests/fuzz/run.sh BUILD_DIR [SECONDS_PER_TARGET] [TARGET...]'
build=${1:?$usage}
seconds=${2:-10}
shift $(($# < 2 ? $# : 2))
here=$(dirname "$0")

declare -A pinned
while read -r name hex; do pinned[$name]=$hex; done <"$here/../unit/messages/golden.txt"
# What is made of pinned messages: a frame of one block, and a record with the place of its damage and its length in front.
pinned[Frame]=9801c420$(printf '5a%.0s' {1..32})040400019192${pinned[Proposal]}9192${pinned[BatchHeader]}c402aabbc0
pinned[Record]=0011$(printf '%04x' $((${#pinned[Posting]} / 2)))${pinned[Posting]}0102030405
from_pinned=$build/fuzz/seeds
mkdir -p "$from_pinned"
for name in "${!pinned[@]}"; do printf '%b' "$(sed 's/../\\x&/g' <<<"${pinned[$name]}")" >"$from_pinned/$name"; done

targets=("$@")
[ $# -gt 0 ] || for program in "$build"/fuzz/fuzz_*; do targets+=("$(basename "$program")"); done
for target in "${targets[@]}"; do
  corpus=$build/fuzz/corpus/$target
  seeds=$here/seeds/${target#fuzz_}
  [ -d "$seeds" ] || seeds=$from_pinned
  mkdir -p "$corpus"
  echo "== $target, $seconds s"
  "$build/fuzz/$target" -max_total_time="$seconds" -max_len=16384 -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
    -artifact_prefix="$build/fuzz/$target-" "$corpus" "$seeds"
done
