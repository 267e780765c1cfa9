#include "tests/simulation/world/registrar.hpp"

#include "messages/crypto/hash.hpp"
#include "messages/ethereum/abi.hpp"
#include "messages/ethereum/transaction.hpp"
#include "messages/wire/kinds.hpp"
#include "messages/wire/modules.hpp"
#include "messages/wire/requests.hpp"

namespace rondo::sim {
namespace {

constexpr Micros pursue_interval = 700 * millisecond;

Word256 word_of(ByteView thirty_two_bytes) { return *Word256::from(thirty_two_bytes); }

Bytes proof_of(const Digest& genesis, const crypto::SecretKey& key, const KeyProof& proof) {
    const Signature signature = key.sign(signing_bytes(genesis, Epoch(0), Kind::registration, encode(proof)));
    return to_bytes(signature.view());
}

}  // namespace

Registrar::Registrar(World& world) : world_(world), random_(world.options().seed), nonces_(world.options().nodes) {}

void Registrar::start() { begin(); }

void Registrar::begin() {
    if (is_done()) return;
    const SetChange& change = world_.options().set_changes[next_];
    const Micros at = std::max(change.at, world_.clock().now() + 1);
    world_.clock().at(at, [this, i = next_] {
        const SetChange& due = world_.options().set_changes[i];
        ethereum::Transaction t;
        t.type = 2;
        t.chain_id = chain_id;
        t.nonce = nonces_[due.node]++;
        t.max_fee = 1'000'000'000;
        t.gas_limit = 3'000'000;
        t.to = modules::staking;
        if (due.kind == SetChangeKind::join) t.value = operator_of(world_.options(), due.node).self_stake;
        t.data = call_of(due);
        raw_ = ethereum::sign_transaction(t, owner_key(due.node));
        hash_ = crypto::keccak256(raw_);
        pursue(i);
    });
}

void Registrar::pursue(std::size_t change) {
    if (change != next_) return;
    world_.request(random_.below(world_.size()), Actor::intake, encode(IntakeRequest{SubmitRequest{{raw_}}}),
                   [](const SharedBytes&) {});
    world_.clock().after(pursue_interval, [this, change] { pursue(change); });
}

Bytes Registrar::call_of(const SetChange& change) const {
    const GenesisOperator o = operator_of(world_.options(), change.node);
    const auto& [host, lanes, votes, sync, fetch, state] = o.endpoints;
    const Digest genesis = digest_of(world_.genesis());
    abi::Encoder arguments;
    switch (change.kind) {
        case SetChangeKind::join:
            arguments.word(word_of(o.key.view()))
                .bytes(proof_of(genesis, operator_key(change.node), {o.fee_address, o.transport_key}))
                .word(word_of(o.transport_key.view()))
                .address(o.watcher_account)
                .address(o.rewards_account)
                .string(o.moniker)
                .string(host)
                .number(lanes)
                .number(votes)
                .number(sync)
                .number(fetch)
                .number(state);
            return arguments.call(modules::register_operator);
        case SetChangeKind::leave:
            return arguments.number(o.number.value).call(modules::leave);
        case SetChangeKind::rotate_keys: {
            TransportKey transport = o.transport_key;
            transport.bytes[1] = 1;
            return arguments.number(o.number.value)
                .word(word_of(next_operator_key(change.node).public_key().view()))
                .bytes(proof_of(genesis, next_operator_key(change.node), {o.fee_address, transport}))
                .word(word_of(transport.view()))
                .call(modules::rotate_keys);
        }
        case SetChangeKind::move:
            return arguments.number(o.number.value)
                .string("moved-" + host)
                .number(lanes)
                .number(votes)
                .number(sync)
                .number(fetch)
                .number(state)
                .call(modules::set_endpoints);
    }
    return {};
}

void Registrar::on_publish(NodeIndex, Stream stream, std::uint64_t, ByteView payload, bool) {
    if (stream != Stream::results || raw_.empty()) return;
    const auto block = decode<ExecutedBlock>(payload);
    if (!block) return;
    for (const TxOutcome& outcome : block->outcomes) {
        if (outcome.hash != hash_ || outcome.status == TxStatus::skipped) continue;
        // A node may rotate to its next keys once, and who has left can change nothing any more; whoever may join does.
        if (outcome.status == TxStatus::reverted && world_.options().set_changes[next_].kind == SetChangeKind::join)
            return world_.fail("a registration reverted");
        raw_.clear();
        ++next_;
        return begin();
    }
}

}  // namespace rondo::sim
