#!/usr/bin/env bash
# Promise: what a stranger or a clumsy operator gets wrong is refused with a sentence that says what to do and with its exit
# code, has no partial effect, and disturbs no actor.
source "$(dirname "$0")/lib.sh"

# refused CODE PATTERN COMMAND...: ends with the code, and says the pattern.
refused() {
  local code=0 want=$1 pattern=$2
  shift 2
  "$@" >"$scratch/said" 2>&1 || code=$?
  [ "$code" -eq "$want" ] || fail "exit code $code instead of $want: $* said: $(cat "$scratch/said")"
  grep -q -- "$pattern" "$scratch/said" || fail "'$pattern' is not what it says: $* said: $(cat "$scratch/said")"
}
# answers PATTERN BODY: node0's JSON-RPC answers the body so.
answers() {
  curl -s --max-time 30 -H 'Content-Type: application/json' --data-binary "$2" "$rpc" >"$scratch/said" || fail "no answer to $2"
  grep -q -- "$1" "$scratch/said" || fail "'$1' is not the answer to $2: $(cat "$scratch/said")"
}
# damaged PATTERN FILE SED-EXPRESSION: with the file so changed nothing is started; afterwards the file is as before.
damaged() {
  cp -p "$home/$2" "$scratch/kept"
  sed -i "$3" "$home/$2"
  refused 2 "$1" "$rondo" up --home "$home" --detach
  "$rondo" down --home "$home" | grep -q 'nothing was running' || fail 'a cluster with damaged files was started'
  cp -p "$scratch/kept" "$home/$2"
}

# --- init: nothing is left of what was refused
refused 2 'take 1, or at least 4' "$rondo" init --home "$home" --nodes 2
refused 2 'take 1, or at least 4' "$rondo" init --home "$home" --nodes 3
refused 2 'not a whole number' "$rondo" init --home "$home" --nodes=-1
refused 2 'not a whole number' "$rondo" init --home "$home" --chain-id 99999999999999999999
refused 2 'not 5; leave --chain-id out' "$rondo" init --home "$home" --alloc-from "$sample" --chain-id 5
refused 2 "did you mean 'epoch_blocks'" "$rondo" init --home "$home" --set epoch_block=9
refused 2 '5 stakes for 4 nodes' "$rondo" init --home "$home" --stakes 1,2,3,4,5
refused 2 'too little: at least' "$rondo" init --home "$home" --retention-blocks 10
refused 2 "folder's name is empty" "$rondo" init --home ''
refused 2 'cannot be created' "$rondo" init --home /proc/none/home
[ ! -e "$home" ] || fail 'a refused init left something'

# --- files of transactions
head -c 100000 "$sample" >"$scratch/cut.gz"
echo '{"raw":' >"$scratch/broken"
echo '{"row":"0x02"}' >"$scratch/no_raw"
: >"$scratch/empty"
refused 2 'cut off' "$rondo" init --home "$home" --alloc-from "$scratch/cut.gz"

start_cluster --fund 0x7e5f4552091a69125d5dfcb7b8c2659029395bdf=1000000000000000000
rpc=$(status_json | jq -r '.nodes[0].rpc')
refused 2 'cut off' "$rondo" send "$scratch/cut.gz" --home "$home"
refused 2 ':1: not valid JSON' "$rondo" send "$scratch/broken" --home "$home"
refused 2 "no object with a text 'raw'" "$rondo" send "$scratch/no_raw" --home "$home"
refused 2 'holds no transaction' "$rondo" send "$scratch/empty" --home "$home"
refused 2 'No such file' "$rondo" send "$scratch/none" --home "$home"

# --- the command line
refused 2 'no cluster here' "$rondo" status --home "$scratch/nowhere"
refused 2 'names nothing' "$rondo" kill --home "$home" ''
refused 2 'names nothing' "$rondo" restart --home "$home" node0/
refused 2 'no such node' "$rondo" kill --home "$home" node9
refused 2 'no such actor' "$rondo" kill --home "$home" node0/foo
refused 2 'no transaction hash' "$rondo" trace xyz --home "$home"
refused 1 'unknown to every node' "$rondo" trace "$(printf 'ab%.0s' {1..32})" --home "$home"
refused 1 'runs this cluster already' "$rondo" up --home "$home"

# --- JSON-RPC
send='{"jsonrpc":"2.0","id":1,"method":"eth_sendRawTransaction","params":["%s"]}'
answers '"code":-32700' '{"jsonrpc":'
answers 'nested deeper' "$(printf '[%.0s' {1..5000})"
answers '"code":-32601' '{"jsonrpc":"2.0","id":1,"method":"eth_nope"}'
answers '"code":-32602' '{"jsonrpc":"2.0","id":1,"method":"eth_getBalance","params":["0x12"]}'
head -c 9000000 /dev/zero >"$scratch/large"
answers 'send less at once' "@$scratch/large"
# shellcheck disable=SC2059
answers 'malformed transaction' "$(printf "$send" 0x02f8ff)"
# shellcheck disable=SC2059
answers 'blob transaction' "$(printf "$send" 0x03c0)"
# shellcheck disable=SC2059
answers 'wrong chain id' "$(printf "$send" "$(zcat "$sample" | jq -r 'select(.raw | startswith("0x02f8")) | .raw' | sed -n 1p)")"
exec 3<>"/dev/tcp/127.0.0.1/${rpc##*:}"
printf 'no request at all\r\n\r\n' >&3
grep -q '400 Bad Request' <&3 || fail 'what is no HTTP got no answer'
exec 3>&-

# --- bytes on every socket of a node, encrypted or not: none is harmed
for port in $(grep -rhoE 'tcp://127.0.0.1:[0-9]+' "$home"/node0/{intake,consensus}.toml | grep -oE '[0-9]+$' | sort -u); do
  (head -c 20000 /dev/urandom >"/dev/tcp/127.0.0.1/$port") 2>/dev/null || true
done
await_progress
await 60 'a state that is older' '.nodes[0].executed_height > 2'
for method in 'eth_call","params":[{"to":"0x0000000000000000000000000000000000005201"}' 'eth_getCode","params":["0x0000000000000000000000000000000000005201"'; do
  answers 'executed head only' '{"jsonrpc":"2.0","id":1,"method":"'"$method"',"0x1"]}'
done
status_json | jq -e '[.nodes[].actors[].restarts] | add == 0' >/dev/null || fail 'an actor was disturbed'
if grep -rlE "$(sed -n 's/^secret 0x//p' "$home"/node*/keys/*.key | paste -sd '|')" "$home"/node*/log "$home"/*.log; then
  fail 'a secret stands in a log'
fi
# Files that broke meanwhile do not keep what runs from being stopped.
sed -i 's/^port = .*/port = 70000 # kept:&/' "$home/node3/intake.toml"
"$rondo" down --home "$home" | grep -q 'all stopped' || fail 'a broken file keeps the cluster from being stopped'
sed -i 's/^port = 70000 # kept://' "$home/node3/intake.toml"

# --- an operator's own files: told before anything is started
damaged "unknown key 'worker_thread'" node1/da.toml 's/^worker_threads/worker_thread/'
damaged 'from 0 to 65535' node0/intake.toml 's/^port = .*/port = 70000/'
damaged 'port from 1 to 65535' node2/consensus.toml 's/^votes = .*/votes = "tcp:\/\/127.0.0.1:99999"/'
damaged 'must be a whole number' node3/execution.toml 's/^map_gib = .*/map_gib = "x"/'
damaged 'not valid JSON' genesis.json '$d'
damaged 'not a key file' node0/keys/signing.key 's/.*/foo/'
chmod 644 "$home/node0/keys/signing.key"
refused 2 'run: chmod 600' "$rondo" up --home "$home" --detach
chmod 600 "$home/node0/keys/signing.key"

# --- what only the actor can see: its own words are repeated, and the others are stopped again
mv "$home/node0/store/da" "$scratch/da"
cp -r "$home/node1/store/da" "$home/node0/store/da"
refused 1 'belongs to another operator' "$rondo" up --home "$home" --detach
rm -r "$home/node0/store/da"
mv "$scratch/da" "$home/node0/store/da"
cp -p "$home/node0/keys/signing.key" "$scratch/kept"
cp -p "$home/node1/keys/signing.key" "$home/node0/keys/signing.key"
refused 1 'a key of operator 1' "$rondo" up --home "$home" --detach
cp -p "$scratch/kept" "$home/node0/keys/signing.key"
port=${rpc##*:}
sed -i "s/^port = .*/port = $port/" "$home/node1/intake.toml"
refused 1 "can't listen on 127.0.0.1:$port" "$rondo" up --home "$home" --detach
refused 3 'no launcher runs' "$rondo" status --home "$home"
