# Shared by the scenarios: a scratch home, a cluster that is always stopped, and waiting for facts instead of for time.
# Sourced; a scenario ends with 0 (held), 77 (skipped, with the reason as its last line) or anything else (failed).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

bin=${RONDO_BUILD_DIR:-build}/bin
rondo=$bin/rondo
sample=deploy/sample/base.jsonl.gz
expected=deploy/sample/base.expected.json
scratch=$(mktemp -d "${TMPDIR:-/tmp}/rondo-test.XXXXXX")
home=$scratch/home
homes=("$home")  # a scenario adds the others that it starts

rpc_from=()          # where JSON-RPC is asked from, if not from here

afterwards() { :; }  # what a scenario that made more than homes takes away

# A process that crashed comes back at once: a scenario would not notice.
crashed() { grep -hE 'signal (4|6|7|8|11) ' "${homes[@]/%//launcher.log}" 2>/dev/null; }

clean_up() {
  local code=$?
  local one
  if [ "$code" -eq 0 ] && crashed; then echo 'FAILED: a process crashed' >&2; code=1; fi
  for one in $(jobs -p); do kill "$one" 2>/dev/null || true; done
  for one in "${homes[@]}"; do
    if [ "$code" -ne 0 ] && [ "$code" -ne 77 ] && [ -d "$one" ]; then
      "$rondo" status --home "$one" || true
      tail -n 15 "$one"/node*/log/*.log 2>/dev/null || true
    fi
    "$rondo" down --home "$one" >/dev/null 2>&1 || true
  done
  afterwards || true
  rm -rf "$scratch"
  exit "$code"
}
trap clean_up EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }
status_json() { "$rondo" status --home "$home" --json; }
start_cluster() { "$rondo" init --home "$home" --nodes 4 "$@" >/dev/null; "$rondo" up --home "$home" --detach >/dev/null; }

# await SECONDS WHAT JQ-FILTER: until the status satisfies the filter; the deadline is generous, it is no promise.
await() {
  local deadline=$((SECONDS + $1))
  until status_json | jq -e "$3" >/dev/null; do
    [ "$SECONDS" -lt "$deadline" ] || fail "$2 did not come about in $1 s"
  done
}
await_progress() {  # two more final blocks on every node
  local from
  from=$(status_json | jq '[.nodes[].final_height] | max')
  await 60 "progress above height $from" "[.nodes[].final_height] | min > $from + 2"
}
await_log() {  # await_log FILE COUNT TEXT: a line with the text was written so often
  local deadline=$((SECONDS + 120)) times
  until times=$(grep -c "$3" "$1" || true); [ "${times:-0}" -ge "$2" ]; do
    [ "$SECONDS" -lt "$deadline" ] || fail "'$3' is in $1 ${times:-0} times, not $2"
  done
}
node3_is_needed() {  # without node2 nothing becomes final but with the votes and acks of node3
  local from
  "$rondo" pause --home "$home" node2 >/dev/null
  from=$(status_json | jq '.nodes[0].final_height')
  await 120 'final blocks with the votes of node3' ".nodes[0].final_height > $from + 3"
  "$rondo" resume --home "$home" node2 >/dev/null
  await_progress
}
same_roots() {  # what was posted rebuilds the state that all have executed
  await 60 'a posting' '[.nodes[].posted_height] | max > 0'
  local verified
  verified=$("$rondo" verify --from-da --home "$home" --json) || fail "the state rebuilt from DA differs from the nodes: $verified"
}
# for_seconds SECONDS JQ-FILTER: a fault lasts so long, and all the while the status satisfies the filter.
for_seconds() {
  local end=$((SECONDS + $1)) seen
  while [ "$SECONDS" -lt "$end" ]; do
    seen=$(status_json)
    jq -e "$2" <<<"$seen" >/dev/null || fail "for $1 s this should have held: $2"
  done
}
begin_load() {  # begin_load RATE SECONDS [OPTION...]: in the background
  local rate=$1 seconds=$2
  shift 2
  "$rondo" load --home "$home" --rate "$rate" --seconds "$seconds" --json "$@" >"$scratch/load.json" &
  load=$!
}
end_load() {  # everything was taken, and has taken effect; nothing was refused but with BUSY, which is asked again
  wait "$load" || fail "the load did not get through: $(cat "$scratch/load.json")"
  jq -e '.refused == {} and .gapped == 0 and .executed == .transactions' "$scratch/load.json" >/dev/null ||
    fail "something was lost or refused: $(cat "$scratch/load.json")"
}
is_jailed() {  # is_jailed OPERATOR: isJailed(uint256) of the staking module, by the first node
  local answer
  answer=$("${rpc_from[@]}" curl -sS -H 'content-type: application/json' "$(status_json | jq -r '.nodes[0].rpc')" -d "{\"jsonrpc\":\"2.0\",\"id\":1,
    \"method\":\"eth_call\",\"params\":[{\"to\":\"0x0000000000000000000000000000000000005201\",
    \"data\":\"0x6351775c$(printf '%064x' "$1")\"},\"latest\"]}" | jq -er .result)
  [[ ! "$answer" =~ ^0x0+$ ]]
}
# split_off HOME: node3 of the cluster, before it starts, gets a home and so a launcher of its own.
split_off() {
  homes+=("$1")
  cp -a "$home" "$1"
  sed -i "s#$home/#$1/#g" "$1"/node3/*.toml
  sed -i "s#^folder = .*#folder = \"$home/da\"#" "$1/node3/da.toml"
  sed -i '/^\[\[nodes\]\]/,$d' "$1/cluster.toml"
  printf '[[nodes]]\nname = "node3"\noperator = 3\nhost = "127.0.0.1"\n' >>"$1/cluster.toml"
  sed -i '/^name = "node3"/,$d' "$home/cluster.toml"
  sed -i '$d' "$home/cluster.toml"
}
# twin_of NUMBER KEYS HOME [OPTION...]: a second home with the KEYS of operator NUMBER; nothing else of the first is in it.
twin_of() {
  local number=$1 keys=$2 twin_home=$3
  shift 3
  "$rondo" join --home "$twin_home" --genesis "$home/genesis.json" "$@" >/dev/null
  homes+=("$twin_home")
  cp -p "$keys"/*.key "$twin_home/node0/keys/"
  sed -i "s/^operator = [^ ]*/operator = $number/" "$twin_home"/node0/*.toml "$twin_home/cluster.toml"
}
holds_expected() {  # holds_expected SEND-SUMMARY: nothing lost, nothing doubled
  jq -e --slurpfile e "$expected" '.transactions == $e[0].transactions and .refused == $e[0].refused and
      .executed == $e[0].executed and .gapped == $e[0].gapped' "$1" >/dev/null || fail "the outcome differs: $(cat "$1")"
}
