# Sourced after lib.sh by scenarios whose nodes have a machine of their own, as far as the network goes: a network namespace each, behind
# one switch, and a home each. Where that is not allowed the scenario is skipped, and says so.
net=rondo-$$
plugged=()
afterwards() {
  local one
  for one in "${plugged[@]}"; do ip netns del "$net-$one" 2>/dev/null; done
}
cannot() { echo "network namespaces cannot be made here: $*"; exit 77; }
[ "$(id -u)" -eq 0 ] || cannot 'that takes root'
for tool in ip nft; do command -v $tool >/dev/null || ./deploy/install.sh iproute2 nftables >/dev/null || cannot "$tool is missing"; done
ip netns add "$net-switch" 2>"$scratch/why" || cannot "$(cat "$scratch/why")"
plugged+=(switch)
ip -n "$net-switch" link add bridge type bridge && ip -n "$net-switch" link set bridge up || cannot 'no bridge'

plug() {  # plug NAME [ADDRESS]: a machine on the switch
  plugged+=("$1")
  ip netns add "$net-$1"
  ip -n "$net-switch" link add "to-$1" type veth peer name eth0 netns "$net-$1"
  ip -n "$net-switch" link set "to-$1" master bridge up
  ip -n "$net-$1" link set lo up
  ip -n "$net-$1" link set eth0 up
  [ -z "${2:-}" ] || ip -n "$net-$1" address add "$2/24" dev eth0
  ip netns exec "$net-$1" nft 'add table ip faults; add chain ip faults cut { type filter hook input priority 0; }'
}
inside() { local name=$1; shift; ip netns exec "$net-$name" "$@"; }
# deafen NAME ADDRESS...: what those say to NAME is lost; what NAME says to them, on connections that it opened, is not.
deafen() {
  local name=$1 from
  shift
  for from in "$@"; do inside "$name" nft add rule ip faults cut ip saddr "$from" tcp dport "{ $ports }" drop; done
}
cut_off() {  # cut_off NAME ADDRESS...: nothing comes from there
  local name=$1 from
  shift
  for from in "$@"; do inside "$name" nft add rule ip faults cut ip saddr "$from" drop; done
}
# move_address ADDRESS FROM TO: between two machines, as a floating address or a name does; the neighbours are told at once.
move_address() {
  local one
  ip -n "$net-$2" address del "$1/24" dev eth0
  ip -n "$net-$3" address add "$1/24" dev eth0
  for one in "${names[@]}"; do ip -n "$net-$one" neighbour flush dev eth0; done
  ip -n "$net-$3" neighbour flush dev eth0
}
heal() {
  local one
  for one in "${plugged[@]}"; do [ "$one" = switch ] || inside "$one" nft flush chain ip faults cut; done
}

names=(alice bob carol dave)
listening=7100,7101,7102,7103,7104,8545  # on each machine: lanes, votes, sync, fetch, state and JSON-RPC
ports=7100-7104                          # of those, what the nodes say to each other
address_of() { local i; for i in "${!names[@]}"; do [ "${names[i]}" != "$1" ] || echo "10.77.0.$((i + 1))"; done; }
others_than() { local one; for one in "${names[@]}"; do [ "$one" = "$1" ] || address_of "$one"; done; }

# start_network OPTION...: four operators, a home each, of which $home is alice's.
start_network() {
  local name
  "$rondo" genesis new --out "$scratch/draft.json" "$@" >/dev/null
  for name in "${names[@]}"; do
    "$rondo" genesis join --draft "$scratch/draft.json" --home "$scratch/$name" --moniker "$name" --host "$(address_of "$name")" \
      --ports "$listening" --stake 32 --da-folder "$scratch/da" --out "$scratch/$name.json" >/dev/null
  done
  "$rondo" genesis collect --draft "$scratch/draft.json" --out "$scratch/genesis.json" \
    "$scratch"/{alice,bob,carol,dave}.json >/dev/null
  homes=()
  for name in "${names[@]}"; do
    plug "$name" "$(address_of "$name")"
    homes+=("$scratch/$name")
    "$rondo" genesis check --home "$scratch/$name" --genesis "$scratch/genesis.json" >/dev/null
    inside "$name" "$rondo" up --home "$scratch/$name" --detach >/dev/null
  done
  home=$scratch/alice
  rpc_from=(ip netns exec "$net-alice")
}
height_of() { "$rondo" status --home "$scratch/$1" --json | jq '.nodes[0].final_height'; }
highest() { local one; for one in "${@:-${names[@]}}"; do height_of "$one"; done | sort -n | tail -n 1; }
await_heights() {  # await_heights HEIGHT NAME...: final at each of them
  local least=$1 deadline=$((SECONDS + 120)) one
  shift
  for one in "$@"; do
    until [ "$(height_of "$one")" -ge "$least" ]; do
      [ "$SECONDS" -lt "$deadline" ] || fail "$one is at $(height_of "$one"), not at $least"
    done
  done
}
# halts NAME...: what was on its way may still become final there; then nothing does, however often one looks.
halts() {
  local name
  for name in "$@"; do
    local began last still=0 now
    began=$(height_of "$name")
    last=$began
    while [ "$still" -lt 20 ]; do
      now=$(height_of "$name")
      if [ "$now" = "$last" ]; then still=$((still + 1)); else still=0; fi
      [ "$now" -lt $((began + 4)) ] || fail "blocks become final at $name, which hears no quorum"
      last=$now
    done
  done
}
