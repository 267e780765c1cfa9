#include "tests/simulation/world/workload.hpp"

#include <algorithm>
#include <array>

#include "messages/crypto/hash.hpp"
#include "messages/ethereum/transaction.hpp"

namespace rondo::sim {
namespace {

constexpr Micros patience = 3 * second;  ///< a user sends again what was not executed by then
constexpr Micros pursue_interval = 250 * millisecond;
constexpr std::size_t open_per_account_max = 12;

/// The same transfer in every run, so that its signature is made and recovered once per process.
Bytes transfer_of(std::size_t account, std::uint64_t nonce, std::uint64_t variant, std::size_t accounts) {
    static std::map<std::array<std::uint64_t, 4>, Bytes> known;
    Bytes& raw = known[{account, nonce, variant, accounts}];
    if (!raw.empty()) return raw;
    ethereum::Transaction t;
    t.type = static_cast<std::uint8_t>(nonce % 3);
    t.chain_id = chain_id;
    t.nonce = nonce;
    t.max_fee = 1'000'000'000 + 200'000'000 * variant;
    t.max_priority_fee = t.type == 2 ? uint256(1000 * (variant + 1)) : t.max_fee;
    t.gas_limit = 21000;
    t.to = user_key((account + 1 + nonce * 7 + variant) % accounts).address();
    t.value = 1 + nonce;
    raw = ethereum::sign_transaction(t, user_key(account));
    return raw;
}

}  // namespace

Workload::Workload(World& world)
    : world_(world),
      random_(world.random().fork()),
      context_(genesis_context(world.genesis(), Epoch(1))),
      next_nonce_(world.options().accounts) {}

void Workload::start() {
    world_.clock().after(300 * millisecond, [this] { tick(); });
    world_.clock().after(pursue_interval, [this] { pursue(); });
}

void Workload::tick() {
    if (!sending_ || world_.options().transfers_per_second == 0) return;
    world_.clock().after(random_.gap(second / world_.options().transfers_per_second), [this] { tick(); });
    const std::size_t account = random_.below(next_nonce_.size());
    const auto open = std::count_if(open_.begin(), open_.end(), [&](const auto& t) { return t.second.account == account; });
    if (static_cast<std::size_t>(open) >= open_per_account_max) return;
    const std::uint64_t nonce = next_nonce_[account]++;
    if (!random_.one_in(12)) return create(account, nonce, 0);
    // Ahead of its turn, perhaps replaced while it waits, and then what it waits for.
    const std::uint64_t ahead = next_nonce_[account]++;
    create(account, ahead, 0);
    const Micros wait = random_.between(20, 900) * millisecond;
    if (random_.one_in(2)) world_.clock().after(wait / 2, [this, account, ahead] { create(account, ahead, 1); });
    world_.clock().after(wait, [this, account, nonce] { create(account, nonce, 0); });
}

void Workload::create(std::size_t account, std::uint64_t nonce, std::uint64_t variant) {
    Bytes raw = transfer_of(account, nonce, variant, next_nonce_.size());
    const Hash256 hash = crypto::keccak256(raw);
    open_[hash] = {account, nonce, std::move(raw), world_.clock().now()};
    const NodeIndex node = choose_node(account);
    submit(hash, node);
    if (random_.one_in(15)) submit(hash, (node + 1) % world_.size());
}

NodeIndex Workload::choose_node(std::size_t account) {
    if (random_.one_in(3)) return random_.below(world_.size());
    return *world_.node_of(home_lane(context_, user_key(account).address()));
}

void Workload::submit(const Hash256& hash, NodeIndex node) {
    const Transfer& transfer = open_.at(hash);
    world_.request(node, Actor::intake, encode(IntakeRequest{SubmitRequest{{transfer.raw}}}),
                   [this, hash](const SharedBytes& payload) {
                       const auto reply = decode<IntakeReply>(*payload);
                       const auto* submitted = reply ? std::get_if<SubmitReply>(&*reply) : nullptr;
                       if (submitted == nullptr || submitted->outcomes.size() != 1)
                           return world_.fail("an intake answered a submission with something else");
                       on_outcome(hash, submitted->outcomes[0]);
                   });
}

void Workload::on_outcome(const Hash256& hash, const SubmitOutcome& outcome) {
    static constexpr std::array<std::string_view, 4> names{"accepted", "held", "refused", "busy"};
    std::string answer(names[static_cast<std::size_t>(outcome.admission)]);
    if (outcome.reason != ethereum::Refusal::none) answer += ": " + std::string(to_string(outcome.reason));
    ++answers_[answer];
    if (outcome.hash != hash) return world_.fail("an intake answered for another transaction");
    if (outcome.admission == Admission::accepted && outcome.receipt && !outcome.receipt->tx_hash.is_zero()) {
        const auto node = world_.node_of(outcome.receipt->operator_number);
        // What was promised from a disk that fails may be late: a credit to the user, no broken promise.
        if (node && !world_.options().is_byzantine(*node) && !world_.options().has_bad_disk(*node)) promised_.insert(hash);
    }
}

void Workload::pursue() {
    world_.clock().after(pursue_interval, [this] { pursue(); });
    std::erase_if(open_, [&](const auto& t) { return done_.contains({t.second.account, t.second.nonce}); });
    std::vector<Hash256> late;
    for (auto& [hash, transfer] : open_) {
        if (world_.clock().now() < transfer.sent_at + patience) continue;
        transfer.sent_at = world_.clock().now();
        late.push_back(hash);
    }
    for (const Hash256& hash : late) submit(hash, random_.below(world_.size()));
}

void Workload::on_publish(NodeIndex, Stream stream, std::uint64_t sequence, ByteView payload, bool) {
    if (stream != Stream::results || sequence <= executed_height_) return;
    ahead_.try_emplace(sequence, to_bytes(payload));
    while (!ahead_.empty() && ahead_.begin()->first == executed_height_ + 1) {
        on_result(ahead_.begin()->second);
        ahead_.erase(ahead_.begin());
        ++executed_height_;
    }
}

void Workload::on_result(ByteView payload) {
    const auto block = decode<ExecutedBlock>(payload);
    if (!block) return world_.fail("a result that does not decode");
    for (const TxOutcome& outcome : block->outcomes) {
        ordered_.insert(outcome.hash);
        if (outcome.status == TxStatus::skipped) continue;
        ++executed_;
        const auto transfer = open_.find(outcome.hash);
        if (transfer != open_.end()) done_[{transfer->second.account, transfer->second.nonce}] = true;
    }
}

std::vector<Hash256> Workload::backlog() const {
    std::vector<Hash256> out;
    std::set_difference(promised_.begin(), promised_.end(), ordered_.begin(), ordered_.end(), std::back_inserter(out));
    return out;
}

std::string Workload::summary() const {
    std::string out = "executed " + std::to_string(executed_) + ", promised " + std::to_string(promised_.size());
    for (const auto& [answer, count] : answers_) out += ", " + answer + " " + std::to_string(count);
    return out;
}

}  // namespace rondo::sim
