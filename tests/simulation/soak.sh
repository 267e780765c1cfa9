#!/usr/bin/env bash
# usage: tests/simulation/soak.sh [HOURS] [FIRST_SEED]
# Runs seeds on every core, from FIRST_SEED upwards, for so many hours (8 unless told otherwise; fractions will do). FIRST_SEED
# defaults to one made of the time, so that every soak sees new ones. Prints its pace after each round; ends at the first round in
# which a seed broke, with the seed and what replays it.
set -euo pipefail
cd "$(dirname "$0")/../.."
hours=${1:-8}
next=${2:-$(date +%s)0000}
build=${RONDO_BUILD_DIR:-build}
./deploy/build.sh rondo-sim
seeds_per_round=25 # of each core

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
began=$(date +%s)
end=$(awk -v now="$began" -v hours="$hours" 'BEGIN { printf "%d", now + hours * 3600 }')
echo "seeds from $next on, until $(date -d "@$end" '+%F %T')"
runs=0
while [ "$(date +%s)" -lt "$end" ]; do
  rm -f "$logs"/*
  workers=()
  for ((core = 0; core < $(nproc); core++)); do
    "$build/bin/rondo-sim" --seeds "$next..$((next + seeds_per_round - 1))" --twice >"$logs/$next" 2>&1 &
    workers+=("$!:$next")
    next=$((next + seeds_per_round))
  done
  broken=no
  for worker in "${workers[@]}"; do
    wait "${worker%%:*}" && continue
    broken=yes
    grep -A 3 BROKEN "$logs/${worker#*:}" || { echo "rondo-sim ended on its own behind:"; tail -n 3 "$logs/${worker#*:}"; }
  done
  [ "$broken" = no ] || { echo "stopped: a seed broke after $runs that held"; exit 1; }
  runs=$((runs + $(nproc) * seeds_per_round))
  # The last line of each: RUNS runs, N broken, X seeds/min, Y simulated seconds per wall second
  tail -qn 1 "$logs"/* | awk -v runs="$runs" -v hours="$(awk -v s="$(($(date +%s) - began))" 'BEGIN { printf "%.2f", s / 3600 }')" \
    '{ pace += $5; simulated += $7 } END { printf "%8d seeds held in %s h: %.0f seeds/min, %.0f simulated seconds per wall second\n", runs, hours, pace, simulated }'
done
