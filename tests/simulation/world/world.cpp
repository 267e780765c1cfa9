#include "tests/simulation/world/world.hpp"

#include <algorithm>
#include <cstdio>

#include "messages/base/require.hpp"
#include "messages/crypto/hash.hpp"
#include "messages/ethereum/transaction.hpp"

namespace rondo::sim {
namespace {

constexpr std::uint32_t number_stride = 3;  ///< operator numbers and signer indices differ, so that a mix-up shows

Bytes seed_of(std::string_view what, std::uint64_t number) {
    Bytes n;
    append_be64(n, number);
    return to_bytes(crypto::blake2b({as_bytes(what), n}).view());
}
crypto::AccountKey account_key(std::string_view what, std::uint64_t number) {
    return *crypto::AccountKey::from_secret(seed_of(what, number));
}
const uint256 ether = uint256(1'000'000'000) * 1'000'000'000;
void throw_broken(std::string_view line) { throw InvariantBroken(line); }

}  // namespace

crypto::SecretKey operator_key(NodeIndex node) { return crypto::SecretKey::from_seed(seed_of("operator", node)); }
crypto::SecretKey next_operator_key(NodeIndex node) { return crypto::SecretKey::from_seed(seed_of("next operator", node)); }
crypto::AccountKey owner_key(NodeIndex node) { return account_key("fees", node); }

crypto::AccountKey user_key(std::size_t account) {
    static std::vector<crypto::AccountKey> keys;
    while (keys.size() <= account) keys.push_back(account_key("user", keys.size()));
    return keys[account];
}

/// Who registers later gets the numbers that follow the highest, one after the other.
OperatorNumber number_of(const Options& options, NodeIndex node) {
    const auto highest = static_cast<std::uint32_t>(2 + number_stride * (options.genesis_members() - 1));
    if (node >= options.genesis_members())
        return OperatorNumber(highest + 1 + static_cast<std::uint32_t>(node - options.genesis_members()));
    return OperatorNumber(static_cast<std::uint32_t>(2 + number_stride * node));
}

GenesisOperator operator_of(const Options& options, NodeIndex node) {
    GenesisOperator o;
    o.number = number_of(options, node);
    o.key = operator_key(node).public_key();
    o.transport_key.bytes[0] = static_cast<std::uint8_t>(node + 1);
    o.fee_address = owner_key(node).address();
    o.watcher_account = account_key("watcher", node).address();
    o.rewards_account = account_key("rewards", node).address();
    o.self_stake = ether * options.stake_ethers()[node];
    o.moniker = "node " + std::to_string(node);
    o.endpoints = {"node" + std::to_string(node), 1, 2, 3, 4, 5};
    return o;
}

Genesis make_genesis(const Options& options) {
    Genesis genesis;
    genesis.chain_id = chain_id;
    genesis.timestamp_ms = genesis_ms;
    genesis.policy = options.policy;
    genesis.parameters = options.parameters;
    for (NodeIndex i = 0; i < options.nodes; ++i) {
        GenesisOperator o = operator_of(options, i);
        const bool is_member = i < options.genesis_members();
        genesis.accounts.push_back({o.watcher_account, ether, 0});
        genesis.accounts.push_back({o.rewards_account, ether, 0});
        genesis.accounts.push_back({o.fee_address, is_member ? ether : o.self_stake + ether, 0});
        if (is_member) genesis.operators.push_back(std::move(o));
    }
    for (std::size_t i = 0; i < options.accounts; ++i) genesis.accounts.push_back({user_key(i).address(), ether * 10, 0});
    std::sort(genesis.accounts.begin(), genesis.accounts.end(),
              [](const GenesisAccount& a, const GenesisAccount& b) { return a.address < b.address; });
    return genesis;
}

World::World(const Options& options, const Cores& cores)
    : options_(options),
      random_(options.seed),
      genesis_(make_genesis(options)),
      network_(clock_, random_.fork(), options.nodes, options.latency_min, options.latency_max) {
    set_invariant_handler(throw_broken);
    crypto::remember_verifications(true);
    if (!options.latencies.empty()) network_.set_latencies(options.latencies);
    network_.set_bandwidth(options.link_bytes_per_second);
    for (NodeIndex i = 0; i < options.nodes; ++i) add_node(i, cores);
}

World::~World() {
    set_invariant_handler(nullptr);
    crypto::remember_verifications(false);
}

void World::add_node(NodeIndex index, const Cores& cores) {
    std::optional<Misbehaviour> misbehaviour;
    for (const ByzantineMember& m : options_.byzantine)
        if (m.node == index) misbehaviour = m.misbehaviour;
    NodeSetup setup{genesis_,
                    index,
                    sim::number_of(options_, index),
                    operator_key(index),
                    next_operator_key(index),
                    account_key("watcher", index),
                    account_key("rewards", index),
                    misbehaviour,
                    {options_.retention_blocks, options_.retention_blocks == 0 || misbehaviour.has_value()}};
    nodes_.push_back(std::make_unique<Node>(Node{std::move(setup), {}, 0, 0, 0, 0}));
    Node& node = *nodes_.back();
    if (options_.faults.skew_ms_max != 0) {
        const auto max = static_cast<std::int64_t>(options_.faults.skew_ms_max);
        node.skew_ms = node.ahead_ms = static_cast<std::int64_t>(random_.below(options_.faults.skew_ms_max * 2 + 1)) - max;
    }
    for (const ActorKind& kind : cores) {
        const auto make = [make = kind.make, &node](const StoreView& view) { return make(view, node.setup); };
        node.shells[static_cast<std::size_t>(kind.traits.actor)] =
            std::make_unique<SimShell>(*this, index, kind.traits, make, random_.fork(), options_.shell_mutant);
    }
}

std::optional<NodeIndex> World::node_of(OperatorNumber number) const {
    for (NodeIndex i = 0; i < nodes_.size(); ++i)
        if (number_of(i) == number) return i;
    return std::nullopt;
}

SimShell* World::sibling(NodeIndex node, Actor actor) { return nodes_[node]->shells[static_cast<std::size_t>(actor)].get(); }

std::vector<SimShell*> World::shells() {
    std::vector<SimShell*> out;
    for (const auto& node : nodes_)
        for (const auto& shell : node->shells)
            if (shell) out.push_back(shell.get());
    return out;
}

// ----------------------------------------------------------------------------------------------------- running

void World::start() {
    for (SimShell* shell : shells()) {
        const Micros from = options_.is_late(shell->node()) ? options_.late_at : 0;
        clock_.after(from + random_.below(20 * millisecond), [shell] { shell->start(); });
    }
}

void World::run(Micros length) {
    run_until([] { return false; }, length);
}

bool World::run_until(const std::function<bool()>& done, Micros length) {
    constexpr Micros look = 20 * millisecond;
    const Micros until = clock_.now() + length;
    while (clock_.now() < until && !failure_) {
        if (done()) return true;
        const Micros next = std::min(until, clock_.now() + look);
        while (!failure_ && clock_.step(next)) {
        }
    }
    return !failure_ && done();
}

void World::fail(std::string what) {
    if (failure_) return;
    failure_ = "at " + std::to_string(clock_.now() / millisecond) + " ms: " + std::move(what);
}

// ------------------------------------------------------------------------------------------------------- trace

void World::trace(NodeIndex node, Actor actor, std::string_view what, std::uint64_t number, ByteView payload) {
    const auto mix = [this](std::uint64_t word) {
        trace_hash_ = (trace_hash_ ^ word) * 0x9e3779b97f4a7c15ULL;
        trace_hash_ ^= trace_hash_ >> 29;
    };
    mix(clock_.now());
    mix(node * 16 + static_cast<std::uint64_t>(actor));
    mix(number);
    for (const char c : what) mix(static_cast<std::uint64_t>(c));
    std::size_t i = 0;
    for (; i + 8 <= payload.size(); i += 8) mix(read_be64(payload.subspan(i, 8)));
    for (; i < payload.size(); ++i) mix(payload[i]);
    if (!print_trace_) return;
    std::printf("%9.3f ms  node %zu %-9s %.*s %llu (%zu bytes) %016llx\n", static_cast<double>(clock_.now()) / 1000.0, node,
                std::string(to_string(actor)).c_str(), static_cast<int>(what.size()), what.data(),
                static_cast<unsigned long long>(number), payload.size(), static_cast<unsigned long long>(trace_hash_));
}

void World::log(NodeIndex node, Actor actor, const Log& line) {
    if (!print_trace_) return;
    std::printf("%9.3f ms  node %zu %-9s log: %s\n", static_cast<double>(clock_.now()) / 1000.0, node,
                std::string(to_string(actor)).c_str(), line.text.c_str());
}

// -------------------------------------------------------------------------------------------------- for shells

Instant World::now_at(NodeIndex node) const {
    const auto now = static_cast<std::int64_t>(genesis_ms + 1000 + clock_.now() / millisecond) + nodes_[node]->ahead_ms;
    return Instant(static_cast<std::uint64_t>(now));
}

/// Reliable and in order, as an ipc socket is as long as both ends live.
void World::local_link(NodeIndex node, std::function<void()> deliver) {
    Micros& free = nodes_[node]->link_free;
    free = std::max(free + 1, clock_.now() + 20 + random_.below(80));
    clock_.at(free, std::move(deliver));
}

void World::publish(NodeIndex node, Stream stream, std::uint64_t sequence, const SharedBytes& payload) {
    for (const auto& shell : nodes_[node]->shells) {
        if (!shell) continue;
        const auto& wanted = shell->traits().subscriptions;
        if (std::find(wanted.begin(), wanted.end(), stream) == wanted.end()) continue;
        if (chaos_ && random_.permille(options_.faults.publish_loss_permille)) continue;
        local_link(node, [s = shell.get(), life = shell->life(), stream, sequence, payload] {
            if (s->life() != life) return;
            if (is_best_effort(stream)) return s->on_best_effort(stream, payload);
            s->on_stream(stream, sequence, payload);
        });
    }
}

void World::announce(NodeIndex node, Stream stream, std::uint64_t incarnation, std::uint64_t head) {
    for (const auto& shell : nodes_[node]->shells) {
        if (!shell) continue;
        const auto& wanted = shell->traits().subscriptions;
        if (std::find(wanted.begin(), wanted.end(), stream) != wanted.end()) shell->on_head(stream, incarnation, head);
    }
}

void World::send(NodeIndex node, const Send& message) {
    const auto to = node_of(message.to);
    if (!to || *to == node) return fail("a message to nobody, or to itself");
    SimShell* shell = sibling(*to, owner_of(message.channel));
    if (shell == nullptr) return;
    network_.send(node, *to, message.payload.size(),
                  [shell, channel = message.channel, from = number_of(node),
                   payload = std::make_shared<const Bytes>(message.payload)] { shell->on_peer(channel, from, payload); });
}

void World::request(NodeIndex node, Actor whom, Bytes payload, std::function<void(SharedBytes)> reply) {
    SimShell* shell = sibling(node, whom);
    if (shell == nullptr || (chaos_ && random_.permille(options_.faults.ask_loss_permille))) return;
    local_link(node, [this, node, shell, payload = std::move(payload), reply = std::move(reply)] {
        shell->on_request(payload, [this, node, reply](SharedBytes answer) {
            local_link(node, [reply, answer = std::move(answer)] { reply(answer); });
        });
    });
}

void World::ask_backend(NodeIndex node, const Bytes& payload, std::function<void(SharedBytes)> reply) {
    (void)node;
    const std::uint64_t failure = chaos_ ? options_.faults.backend_failure_permille : 0;
    clock_.after(random_.between(2, 60) * millisecond, [this, payload, failure, reply = std::move(reply)] {
        if (random_.permille(failure)) return;  // it never arrived
        SharedBytes answer = std::make_shared<const Bytes>(da_layer_.handle(payload));
        if (random_.permille(failure)) return;  // stored, but nobody was told
        clock_.after(random_.between(2, 60) * millisecond, [reply, answer] { reply(answer); });
    });
}

/// Remembered over all runs of the process: the answer does not depend on the run.
std::optional<Address> World::recover_sender(const Bytes& raw) {
    static std::unordered_map<std::string, std::optional<Address>> known;
    const auto [entry, fresh] = known.try_emplace(std::string(as_text(raw)));
    if (fresh) entry->second = ethereum::recover_sender(raw);
    return entry->second;
}

}  // namespace rondo::sim
