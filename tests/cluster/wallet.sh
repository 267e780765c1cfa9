#!/usr/bin/env bash
# Promise: a transfer sent with an ordinary wallet (cast) simply works.
source "$(dirname "$0")/lib.sh"
command -v npm >/dev/null || { echo 'npm is not installed'; exit 77; }
(cd "$scratch" && npm install --no-audit --no-fund @foundry-rs/cast >"$scratch/npm.log" 2>&1) || { echo 'npm could not install @foundry-rs/cast'; exit 77; }
cast=$scratch/node_modules/.bin/cast
secret=0x4646464646464646464646464646464646464646464646464646464646464646
sender=$("$cast" wallet address --private-key "$secret")
start_cluster --chain-id 7777 --fund "$sender=1000000000000000000"
rpc=$(status_json | jq -r '.nodes[0].rpc')
to=0x00000000000000000000000000000000000000aa
"$cast" send --rpc-url "$rpc" --private-key "$secret" "$to" --value 12345 --json >"$scratch/receipt.json"
jq -e '.status == "0x1"' "$scratch/receipt.json" >/dev/null || fail "no good receipt: $(cat "$scratch/receipt.json")"
[ "$("$cast" balance --rpc-url "$rpc" "$to")" = 12345 ] || fail 'the recipient was not paid'
other=$(status_json | jq -r '.nodes[3].rpc')
await 30 'the other node executed it too' '([.nodes[].executed_height] | max) - .nodes[3].executed_height <= 1'
[ "$("$cast" balance --rpc-url "$other" "$to")" = 12345 ] || fail 'another node does not know it'
"$cast" block --rpc-url "$rpc" latest >/dev/null
"$cast" tx --rpc-url "$rpc" "$(jq -r .transactionHash "$scratch/receipt.json")" >/dev/null
