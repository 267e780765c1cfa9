#!/usr/bin/env bash
# From a clone to a running sequencer network: installs what is missing, builds, starts four operators (24 processes) on
# this machine, sends real transactions of Base mainnet through them, rebuilds the state from the posted data alone, and
# leaves the cluster running.
#   --once        stop the cluster at the end; exit non-zero if anything fell short
#   --home DIR    where the cluster lives (default ./rondo-home; --once takes a temporary folder)
set -euo pipefail
cd "$(dirname "$0")/.."

once=no home=''
while [ $# -gt 0 ]; do
  case $1 in
    --once) once=yes ;;
    --home) home=${2:?--home needs a folder}; shift ;;
    *) echo "usage: deploy/quickstart.sh [--once] [--home DIR]" >&2; exit 2 ;;
  esac
  shift
done

echo '== build'
./deploy/build.sh programs
rondo=${RONDO_BUILD_DIR:-build}/bin/rondo
sample=deploy/sample/base.jsonl.gz
expected=deploy/sample/base.expected.json

if [ "$once" = yes ]; then
  scratch=$(mktemp -d)
  home=${home:-$scratch/home}
  trap '"$rondo" down --home "$home" >/dev/null 2>&1 || true; rm -rf "$scratch"' EXIT
fi
home=${home:-./rondo-home}

short() { echo "FELL SHORT: $*" >&2; exit 1; }

if [ ! -e "$home/genesis.json" ]; then
  echo "== four operators in $home"
  "$rondo" init --home "$home" --nodes 4 --alloc-from "$sample"
fi
echo '== start: 4 nodes of 6 actors'
"$rondo" up --home "$home" --detach
"$rondo" status --home "$home"

echo '== send: real transactions of Base mainnet'
"$rondo" send "$sample" --home "$home" --await posted --json | tee "$home/send.json" | jq .

echo '== compare with what must come out'
jq -e --slurpfile e "$expected" '.transactions == $e[0].transactions and .refused == $e[0].refused and
    .executed == $e[0].executed and .gapped == $e[0].gapped' "$home/send.json" >/dev/null ||
  short "the outcome differs from $expected"
jq -r '"sent \(.transactions); refused \(.refused | to_entries | map("\(.value) \(.key)") | join(", ")); final, executed and posted \(.executed)"' "$home/send.json"

echo '== the state roots of the four nodes'
"$rondo" status --home "$home"

echo '== rebuild everything from the posted data alone'
"$rondo" verify --from-da --home "$home" || short 'the rebuilt state differs'

if [ "$once" = yes ]; then
  "$rondo" down --home "$home"
  echo 'quickstart: all of it holds'
else
  echo
  "$rondo" status --home "$home" --json | jq -r '.nodes[] | "\(.name)  JSON-RPC \(.rpc)"'
  echo "stop it with: $rondo down --home $home"
fi
