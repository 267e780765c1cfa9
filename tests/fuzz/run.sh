#!/usr/bin/env bash
# usage: tests/fuzz/run.sh BUILD_DIR [SECONDS_PER_TARGET]
# Fuzzes every target of a build made with -DRONDO_FUZZ=ON, 10 seconds each unless told otherwise. Inputs that reach new code are
# kept under BUILD_DIR/fuzz/corpus/TARGET; the first of them are the pinned encodings of every message.
set -euo pipefail
build=${1:?usage: tests/fuzz/run.sh BUILD_DIR [SECONDS_PER_TARGET]}
seconds=${2:-10}
golden=$(dirname "$0")/../unit/messages/golden.txt
seeds=$build/fuzz/seeds
mkdir -p "$seeds"
while read -r name hex; do printf '%b' "$(sed 's/../\\x&/g' <<<"$hex")" >"$seeds/$name"; done <"$golden"
for target in "$build"/fuzz/fuzz_*; do
  corpus=$build/fuzz/corpus/$(basename "$target")
  mkdir -p "$corpus"
  echo "== $(basename "$target"), $seconds s"
  "$target" -max_total_time="$seconds" -max_len=16384 -print_final_stats=1 -verbosity=0 -artifact_prefix="$build/fuzz/" "$corpus" "$seeds"
done
