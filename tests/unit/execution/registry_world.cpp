#include "registry_world.hpp"

#include "actors/execution/core/call.hpp"
#include "actors/execution/core/tables.hpp"
#include "messages/wire/evidence.hpp"

namespace rondo::execution::test {
namespace {

template <class Fixed32>
Word256 as_word(const Fixed32& value) {
    return *Word256::from(value.view());
}

abi::Encoder& add(abi::Encoder& to, const Endpoints& e) {
    return to.string(e.host).number(e.lanes).number(e.votes).number(e.sync).number(e.fetch).number(e.state);
}

}  // namespace

/// The owners of the genesis operators get something to pay gas with.
RegistryWorld::RegistryWorld(const WorldOptions& options) : World(options) {
    std::vector<LaneTransaction> gifts;
    for (std::uint32_t n = 1; n <= options.operators; ++n) gifts.push_back(send(7, address(owner_of(n)), {}, ether));
    run(std::move(gifts));
}

Bytes RegistryWorld::proof(std::uint32_t key, std::uint32_t account, const TransportKey& transport) const {
    const KeyProof body{test::address(account), transport};
    return to_bytes(operator_key(key).sign(signing_bytes(digest_of(genesis), Epoch(0), Kind::registration, encode(body))).view());
}

Bytes RegistryWorld::register_call(const Newcomer& n) const {
    abi::Encoder encoder;
    encoder.word(as_word(operator_key(n.key).public_key()))
        .bytes(proof(n.key, n.account, transport_key(n.transport)))
        .word(as_word(transport_key(n.transport)))
        .address(test::address(watcher_of(n.key)))
        .address(test::address(rewards_of(n.key)))
        .string(n.moniker);
    return add(encoder, n.at).call(modules::register_operator);
}

Bytes RegistryWorld::rotate_call(std::uint32_t number, std::uint32_t key, std::uint32_t transport, std::uint32_t account) const {
    return abi::Encoder()
        .number(number)
        .word(as_word(operator_key(key).public_key()))
        .bytes(proof(key, account, transport_key(transport)))
        .word(as_word(transport_key(transport)))
        .call(modules::rotate_keys);
}

Bytes RegistryWorld::endpoints_call(std::uint32_t number, const Endpoints& e) {
    abi::Encoder encoder;
    return add(encoder.number(number), e).call(modules::set_endpoints);
}

Bytes RegistryWorld::evidence_call(Epoch epoch, std::uint32_t number, std::uint32_t key, std::uint64_t view) {
    const EpochContext* context = executor.contexts().find(store, epoch);
    const auto index = context->index_of(OperatorNumber(number));
    const auto vote = [&](std::uint8_t digest) {
        Vote v{VoteKind::notarize, epoch, rondo::View(view), Digest{{digest}}, *index, {}};
        v.signature = operator_key(key).sign(signing_bytes(digest_of(genesis), epoch, Kind::notarize, encode_body(v)));
        return v;
    };
    const Evidence evidence = ConflictingVotes{vote(1), vote(2)};
    return abi::Encoder().bytes(encode(evidence)).call(modules::submit_evidence);
}

LaneTransaction RegistryWorld::send(std::uint32_t from, const Address& to, const Bytes& data, const Wei& value) {
    return signed_by({.from = from, .nonce = nonces_[from]++, .to = to, .value = value, .data = data});
}

bool RegistryWorld::call(std::uint32_t from, const Bytes& data, const Wei& value, const Address& to) {
    const ExecutedBlock block = run({send(from, to, data, value)});
    return block.outcomes.at(0).status == TxStatus::success;
}

std::string RegistryWorld::refusal(std::uint32_t from, const Bytes& data, const Wei& value) {
    Ledger ledger(store);
    ledger.credit(test::address(from), value);
    const CallOutcome outcome =
        run_call(ledger, executor.chain_at_head(store), {test::address(from), modules::staking, value, data, 21000, 10'000'000});
    if (outcome.success) return {};
    return abi::Decoder(ByteView(outcome.output).subspan(abi::Selector::size_bytes)).string();
}

ExecutedBlock RegistryWorld::run_until(Height height) {
    ExecutedBlock last;
    while (executor.head().height < height) last = run({});
    return last;
}

Registry RegistryWorld::registry() {
    Ledger ledger(store);
    return Staking(ledger).registry();
}

std::optional<OperatorNumber> RegistryWorld::user_of(std::uint32_t key) {
    Ledger ledger(store);
    return Staking(ledger).user_of(operator_key(key).public_key());
}

ethereum::LogEntry RegistryWorld::last_log() {
    std::optional<ethereum::LogEntry> last;
    store.each(tables::transactions, [&](const Bytes&, const Bytes& value) {
        const auto record = decode_own<TransactionRecord>(value);
        if (!record.receipt.logs.empty()) last = record.receipt.logs.back();
    });
    return last.value();
}

}  // namespace rondo::execution::test
