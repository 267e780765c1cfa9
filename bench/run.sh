#!/usr/bin/env bash
# Measures the pipeline on this machine and prints a table; promises in seconds are asserted here (exit 1), never in tests.
#   bench/run.sh [--quick] [--only NAME] [--json FILE]
# NAMEs: signed_transfers, latency_low, overload, base_replay, recovery, history, catchup, snapshot, failover, idle
set -euo pipefail
cd "$(dirname "$0")/.."

quick=no only='' json_file=''
while [ $# -gt 0 ]; do
  case $1 in
    --quick) quick=yes ;;
    --only) only=${2:?--only needs a name}; shift ;;
    --json) json_file=${2:?--json needs a file}; shift ;;
    *) echo "usage: bench/run.sh [--quick] [--only NAME] [--json FILE]" >&2; exit 2 ;;
  esac
  shift
done

./deploy/build.sh programs rondo-bench-limits
bin=${RONDO_BUILD_DIR:-build}/bin
rondo=$bin/rondo
scratch=$(mktemp -d "${TMPDIR:-/tmp}/rondo-bench.XXXXXX")
home=''
late=$scratch/late  # the home of a node that comes later
stop_cluster() {
  [ ! -d "$late" ] || "$rondo" down --home "$late" >/dev/null 2>&1 || true
  [ -n "$home" ] && "$rondo" down --home "$home" >/dev/null 2>&1 || true
  home=''
}
trap 'kill $(jobs -p) 2>/dev/null || true; stop_cluster; rm -rf "$scratch"' EXIT

results='{}'
record() { results=$(jq -c --argjson v "$2" ". * $1" <<<"$results"); }   # record '{path: $v}' JSON
say() { echo "-- $*" >&2; }
wanted() { [ -z "$only" ] || [ "$only" = "$1" ]; }
seconds_long=20 seconds_short=10
[ "$quick" = yes ] && seconds_long=8 seconds_short=5

limits() { say "the machine's own limits"; "$bin/rondo-bench-limits" "$scratch/limits-$1"; }
larger() { jq -cs '.[0] as $a | .[1] as $b | $a + {ecrecover_per_s: ([$a.ecrecover_per_s, $b.ecrecover_per_s] | max)}' <<<"$1 $2"; }

start_cluster() {  # start_cluster NAME [init options]
  local name=$1; shift
  home=$scratch/$name
  "$rondo" init --home "$home" --nodes 4 "$@" >/dev/null
  "$rondo" up --home "$home" --detach >/dev/null
}
equal_roots() { "$rondo" verify --from-da --home "$home" --json; }

# Since the cluster began, in all lanes. One batch is in flight per lane, with all that waited: it grows with the load.
sealed_batches() { status_json | jq '[.nodes[].actors[] | select(.name == "intake").facts.lane_sealed_height] | add'; }

bench_signed_transfers() {
  say "signed transfers, to executed on four nodes (home lanes), $seconds_long s"
  start_cluster transfers --load-accounts 2000
  local out verified batches
  out=$("$rondo" load --home "$home" --rate max --seconds "$seconds_long" --accounts 100000 --json)
  batches=$(sealed_batches)
  say "signed transfers, placed at random nodes"
  local random
  random=$("$rondo" load --home "$home" --rate max --seconds "$seconds_short" --accounts 100000 --placement random --json)
  verified=$(equal_roots)
  stop_cluster
  record '{signed_transfers: {executed_per_s: $v.executed_per_s, latency_ms: $v.latency_ms}}' "$out"
  record '{signed_transfers: {transactions_per_batch: $v}}' "$(jq "(.executed / $batches)" <<<"$out")"
  record '{signed_transfers: {random_placement_per_s: $v.executed_per_s}}' "$random"
  record '{signed_transfers: {verify_from_da_equal: $v.equal}}' "$verified"
}

bench_latency_low() {
  local rate=$1
  say "latency at $rate transfers per second"
  start_cluster latency --load-accounts 2000
  local out batches
  out=$("$rondo" load --home "$home" --rate "$rate" --seconds "$seconds_long" --accounts 100000 --json)
  batches=$(sealed_batches)
  stop_cluster
  record '{latency_low: ($v.latency_ms | with_entries(.key += "_ms") + {rate_per_s: $v.rate, transactions_per_batch: $v.per_batch})}' \
    "$(jq -c --argjson r "$rate" ". + {rate: \$r, per_batch: (.executed / $batches)}" <<<"$out")"
}

# Anonymous memory of all processes, in MiB: what the kernel cannot take back by writing pages to files.
anonymous_mib() { for pid in $(status_json | jq -r '.nodes[].actors[].pid'); do cat "/proc/$pid/smaps_rollup"; done | awk '/^Pss_Anon:/ { sum += $2 } END { print int(sum / 1024) }'; }

# Three times what the cluster can take; what is refused as busy is sent again, until the time is over. What is dropped then leaves behind it what
# its sender has held; the load ends only when everything that was promised is executed.
bench_overload() {
  local seconds=60 peak calm flood after before
  [ "$quick" = yes ] && seconds=30  # the first seconds fill the pipeline
  say "overload: the peak, then three times as much for $seconds s"
  start_cluster overload --load-accounts 4000
  calm=$("$rondo" load --home "$home" --rate 300 --seconds 4 --accounts 100000 --json)
  peak=$("$rondo" load --home "$home" --rate max --seconds "$seconds_long" --accounts 100000 --json | jq '.executed_per_s | floor')
  before=$(anonymous_mib)
  flood=$("$rondo" load --home "$home" --rate $((3 * peak)) --seconds "$seconds" --accounts 100000 --give-up --json)
  after=$("$rondo" load --home "$home" --rate 300 --seconds 2 --accounts 100000 --json)
  record '{overload: $v}' "$(jq -nc --argjson peak "$peak" --argjson calm "$calm" --argjson flood "$flood" --argjson after "$after" --argjson s "$seconds" \
    --argjson before "$before" --argjson mib "$(anonymous_mib)" \
    '{peak_per_s: $peak, goodput_ratio: ($flood.executed_in_time / $s / $peak), gapped: $flood.gapped, held: $flood.held, busy: $flood.busy_retries, drained_s: $flood.drained_s,
      final_p50_ms: {calm: $calm.latency_ms.final.p50, after: $after.latency_ms.final.p50}, anonymous_mib: {before: $before, after: $mib}}')"
  stop_cluster
}

bench_base_replay() {
  local file=${RONDO_DATA_DIR:-../shared/data}/transactions/base.jsonl.gz
  [ -f "$file" ] || file=deploy/sample/base.jsonl.gz
  say "replay of $(basename "$file")"
  start_cluster replay --alloc-from "$file"
  local out
  out=$("$rondo" send "$file" --home "$home" --await executed --json)
  stop_cluster
  record '{base_replay: {transactions: $v.transactions, executed: $v.executed, seconds: $v.seconds}}' "$out"
}

now_ms() { date +%s%3N; }
status_json() { "$rondo" status --home "$home" --json; }
until_true() {  # until_true SECONDS JQ-FILTER: milliseconds until the status satisfies it
  local start deadline; start=$(now_ms); deadline=$((start + $1 * 1000))
  until status_json | jq -e "$2" >/dev/null; do
    [ "$(now_ms)" -lt "$deadline" ] || { echo "never: $2" >&2; return 1; }
  done
  echo $(($(now_ms) - start))
}

bench_recovery() {
  say 'recovery: each actor of node1 killed under load, then the whole node'
  start_cluster recovery --load-accounts 2000
  "$rondo" load --home "$home" --rate 300 --seconds 60 --node node0 --json >"$scratch/recovery-load.json" &
  local load=$! worst=0 took actor
  for actor in intake consensus execution da watcher rewards; do
    "$rondo" kill --home "$home" "node1/$actor" >/dev/null
    took=$(until_true 30 ".nodes[1].actors[] | select(.name == \"$actor\") | .state == \"up\" and .restarts >= 1")
    [ "$took" -gt "$worst" ] && worst=$took
  done
  local before
  before=$(status_json | jq '.nodes[1].final_height')
  "$rondo" kill --home "$home" node1 >/dev/null
  took=$(until_true 60 "([.nodes[1].actors[].state] | all(. == \"up\")) and .nodes[1].final_height > $before + 20")
  kill "$load" 2>/dev/null || true
  wait "$load" 2>/dev/null || true
  stop_cluster
  record '{recovery: $v}' "{\"actor_s\": $(jq -n "$worst / 1000"), \"node_s\": $(jq -n "$took / 1000")}"
}

# Of one node, as a wallet sees it. What asks all processes takes from the machine what is measured.
executed_at() {  # executed_at RPC
  local answer
  answer=$(curl -sS -m 5 -H 'content-type: application/json' -d '{"jsonrpc":"2.0","id":1,"method":"eth_blockNumber","params":[]}' "$1") || answer=''
  [[ $answer =~ \"result\":\"(0x[0-9a-f]+)\" ]] && echo $((BASH_REMATCH[1])) || echo 0  # while it begins it has no answer
}
until_executed() {  # until_executed RPC HEIGHT SECONDS
  local deadline=$(($(now_ms) + $3 * 1000))
  until [ "$(executed_at "$1")" -ge "$2" ]; do
    [ "$(now_ms)" -lt "$deadline" ] || { echo "never at height $2: $1" >&2; return 1; }
    sleep 0.1
  done
}
votes_of() { status_json | jq "[.nodes[0].actors[] | select(.name == \"consensus\").facts.votes_on_chain_$1][0] // 0"; }  # votes_of OPERATOR
until_votes() {  # until_votes OPERATOR COUNT SECONDS: blocks carry so many
  local deadline=$(($(now_ms) + $3 * 1000))
  until [ "$(votes_of "$1")" -ge "$2" ]; do
    [ "$(now_ms)" -lt "$deadline" ] || { echo "operator $1 does not vote" >&2; return 1; }
    sleep 0.1
  done
}

# A node with a long history: from kill -9 until its votes are in blocks again. A few that it gave before come into blocks after.
bench_history() {
  local blocks=10000 late_votes=8 load start rpc took
  [ "$quick" = yes ] && blocks=1000
  say "history: $blocks blocks, then all of node1 is killed, until it votes"
  start_cluster history --load-accounts 2000 --set idle_ms=10
  rpc=$(status_json | jq -r '.nodes[1].rpc')
  "$rondo" load --home "$home" --rate 100 --seconds 3600 --node node0 --accounts 100000 --json >/dev/null &
  load=$!
  until_executed "$rpc" "$blocks" 1200
  "$rondo" kill --home "$home" node1 >/dev/null
  start=$(now_ms)
  until_votes 1 $(($(votes_of 1) + late_votes)) 60
  took=$(($(now_ms) - start))
  kill "$load" 2>/dev/null || true
  wait "$load" 2>/dev/null || true
  stop_cluster
  record '{history: $v}' "{\"blocks\": $blocks, \"votes_s\": $(jq -n "$took / 1000")}"
}

# A node that hung for a thousand blocks, under load: at how many times the rate of the chain it comes after it.
bench_catchup() {
  local blocks=1000 took from before to rpcs start
  say "catching up: node2 hangs for $blocks blocks under load"
  start_cluster catchup --load-accounts 2000
  mapfile -t rpcs < <(status_json | jq -r '.nodes[].rpc')
  "$rondo" load --home "$home" --rate 300 --seconds 600 --node node0 --json >/dev/null &
  local load=$!
  until_executed "${rpcs[2]}" 100 30
  from=$(executed_at "${rpcs[2]}")
  "$rondo" pause --home "$home" node2 >/dev/null
  until_executed "${rpcs[0]}" $((from + blocks)) 300
  start=$(now_ms) before=$(executed_at "${rpcs[0]}")
  "$rondo" resume --home "$home" node2 >/dev/null
  to=0
  until [ "$to" -gt $(($(executed_at "${rpcs[0]}") - 20)) ]; do
    until_executed "${rpcs[2]}" $((before > to ? before : to + 1)) 120
    to=$(executed_at "${rpcs[2]}")
  done
  took=$(($(now_ms) - start))
  kill "$load" 2>/dev/null || true
  wait "$load" 2>/dev/null || true
  stop_cluster
  record '{catchup: $v}' "$(jq -nc --argjson from "$from" --argjson to "$to" --argjson before "$before" --argjson ms "$took" \
    '{blocks: ($to - $from), seconds: ($ms / 1000), times_the_chain: (($to - $from) / ([$to - $before, 1] | max))}')"
}

# An operator with an empty home in a network with many accounts: from `join` until its votes are in blocks.
# They come by transfers, each to the next of them.
bench_snapshot() {
  local accounts=1000000 every=1024 rate=2000 bank owner rpc number start load from there joined
  [ "$quick" = yes ] && accounts=50000
  say "snapshot: $accounts accounts, then a new node joins, until it votes"
  bank=$scratch/bank.key
  owner=$("$rondo" key generate "$bank" --kind account --json | jq -r .public)
  start_cluster snapshot --load-accounts 2000 --set epoch_blocks=256 --set "snapshot_blocks=$every" --fund "$owner=1000000000000000000000"
  rpc=$(status_json | jq -r '.nodes[0].rpc')
  "$rondo" load --home "$home" --rate "$rate" --seconds $((accounts / rate + 1)) --accounts "$accounts" --json >/dev/null
  "$rondo" load --home "$home" --rate 100 --seconds 3600 --accounts 1000 --node node0 --json >/dev/null &
  load=$!
  from=$((($(executed_at "$rpc") / every + 1) * every))
  until_executed "$rpc" $((from + 64)) 600  # a snapshot of them all, and a block that cites it
  until_true 120 "[.nodes[].actors[] | select(.name == \"execution\").facts.snapshot_height] | min >= $from" >/dev/null
  there=$(status_json | jq '[.nodes[].actors[] | select(.name == "execution").facts.accounts] | min')
  start=$(now_ms)
  "$rondo" join --home "$late" --genesis "$home/genesis.json" --host 127.0.0.1 --da-folder "$home/da" --json >/dev/null
  number=$("$rondo" stake register --home "$late" --key-file "$bank" --rpc "$rpc" --moniker late --stake 32 --json | jq .operator)
  "$rondo" up --home "$late" --detach >/dev/null
  until_votes "$number" 1 300
  joined=$(($(now_ms) - start))
  kill "$load" 2>/dev/null || true
  wait "$load" 2>/dev/null || true
  grep -q 'the state after block' "$late"/node0/log/execution.log || { echo 'the new node executed everything from genesis' >&2; return 1; }
  stop_cluster
  record '{snapshot: $v}' "{\"accounts\": $there, \"wanted_accounts\": $accounts, \"votes_s\": $(jq -n "$joined / 1000")}"
}

# The longest time without a new final block while one of the four nodes is dead and leads every fourth view.
bench_failover() {
  say "failover: node2 stops, $seconds_short s under load"
  start_cluster failover --load-accounts 2000
  "$rondo" load --home "$home" --rate 100 --seconds $((seconds_short + 5)) --node node0 --json >/dev/null &
  local load=$! height=0 last now gap=0 found end
  until_true 10 '.nodes[0].final_height > 20' >/dev/null
  "$rondo" pause --home "$home" node2 >/dev/null
  last=$(now_ms) end=$(($(now_ms) + seconds_short * 1000))
  while now=$(now_ms); [ "$now" -lt "$end" ]; do
    found=$(status_json | jq '.nodes[0].final_height')
    [ $((now - last)) -gt "$gap" ] && gap=$((now - last))
    [ "$found" -gt "$height" ] && height=$found last=$now
  done
  "$rondo" resume --home "$home" node2 >/dev/null
  kill "$load" 2>/dev/null || true
  wait "$load" 2>/dev/null || true
  stop_cluster
  record '{failover: $v}' "{\"longest_gap_s\": $(jq -n "$gap / 1000")}"
}

bench_idle() {
  say "an idle cluster, $seconds_long s"
  start_cluster idle
  local pids ticks hz before after pss
  pids=$(status_json | jq -r '.nodes[].actors[].pid')
  hz=$(getconf CLK_TCK)
  ticks() { local sum=0 pid a; for pid in $pids; do a=($(sed 's/.*) //' "/proc/$pid/stat")); sum=$((sum + a[11] + a[12])); done; echo $sum; }
  until_true 10 '.nodes[0].final_height > 4' >/dev/null
  before=$(ticks); read -rt "$seconds_long" <> <(:) || true; after=$(ticks)
  pss=$(for pid in $pids; do cat "/proc/$pid/smaps_rollup"; done | awk '/^Pss:/ { sum += $2 } END { print sum }')
  stop_cluster
  record '{idle: $v}' "$(jq -nc --argjson t $((after - before)) --argjson hz "$hz" --argjson s "$seconds_long" --argjson k "$pss" \
    '{core_percent_per_node: ($t / $hz / $s * 100 / 4), pss_mib: ($k / 1024)}')"
}

first=$(limits before)
wanted signed_transfers && bench_signed_transfers
# A tenth of the throughput target, 25 % of the limit.
wanted latency_low && bench_latency_low "$(jq -n "$first | .ecrecover_per_s / 2 * 0.25 * 0.1 | floor")"
wanted overload && bench_overload
wanted base_replay && bench_base_replay
wanted recovery && bench_recovery
wanted history && bench_history
wanted catchup && bench_catchup
wanted snapshot && bench_snapshot
wanted failover && bench_failover
wanted idle && bench_idle
second=$(limits after)
record '{limits: $v}' "$(larger "$first" "$second")"
results=$(jq 'if .signed_transfers then .signed_transfers.ratio = .signed_transfers.executed_per_s / (.limits.ecrecover_per_s / 2) else . end' <<<"$results")

[ -n "$json_file" ] && jq . <<<"$results" >"$json_file"
jq -r 'paths(scalars) as $p | [($p | join(".")), (getpath($p) | if type == "number" then (. * 1000 | round / 1000) else . end)] | @tsv' <<<"$results" |
  column -t -s $'\t'

# What must be reached (figures of a measurement that was not made do not count).
missed=$(jq -r '
  def check(name; value; ok): if value == null then empty elif ok then empty else "\(name): \(value)" end;
  check("signed_transfers.ratio >= 0.25"; .signed_transfers.ratio; .signed_transfers.ratio >= 0.25),
  check("batches grow with the load"; .latency_low.transactions_per_batch; .signed_transfers.transactions_per_batch == null or .signed_transfers.transactions_per_batch > 2 * .latency_low.transactions_per_batch),
  check("receipt p50 <= 2 ms"; .latency_low.receipt_ms.p50; .latency_low.receipt_ms.p50 <= 2),
  check("final p50 <= 30 ms"; .latency_low.final_ms.p50; .latency_low.final_ms.p50 <= 30),
  check("final p99 <= 150 ms"; .latency_low.final_ms.p99; .latency_low.final_ms.p99 <= 150),
  check("overload: goodput >= 0.8 of the peak"; .overload.goodput_ratio; .overload.goodput_ratio >= 0.8),
  check("overload: nothing but what was held is left behind"; .overload.gapped; .overload.gapped <= .overload.held),
  check("overload: drained within 5 s"; .overload.drained_s; .overload.drained_s <= 5),
  check("overload: latency is normal again"; .overload.final_p50_ms; .overload.final_p50_ms.after <= 2 * .overload.final_p50_ms.calm),
  check("overload: at most 1 GiB in all"; .overload.anonymous_mib; .overload.anonymous_mib.after <= 1024),
  check("actor back within 3 s"; .recovery.actor_s; .recovery.actor_s <= 3),
  check("node back within 20 s"; .recovery.node_s; .recovery.node_s <= 20),
  check("votes again within 5 s with its history"; .history.votes_s; .history.votes_s <= 5),
  check("catching up at 10 times the chain"; .catchup.times_the_chain; .catchup.times_the_chain >= 10),
  check("a new node votes within 60 s"; .snapshot.votes_s; .snapshot.votes_s <= 60),
  check("snapshot: the accounts are there"; .snapshot.accounts; .snapshot.accounts >= .snapshot.wanted_accounts),
  check("failover: under 1 s"; .failover.longest_gap_s; .failover.longest_gap_s < 1),
  check("idle: under 3 % of a core per node"; .idle.core_percent_per_node; .idle.core_percent_per_node < 3),
  check("idle: at most 1 GiB"; .idle.pss_mib; .idle.pss_mib <= 1024)' <<<"$results")
[ -z "$missed" ] || { printf 'missed:\n%s\n' "$missed"; exit 1; }
