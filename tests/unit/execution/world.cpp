#include "world.hpp"

#include <algorithm>

#include "actors/execution/core/call.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::execution::test {

crypto::AccountKey account_key(std::uint32_t number) {
    static std::map<std::uint32_t, crypto::AccountKey> known;
    const auto it = known.find(number);
    if (it != known.end()) return it->second;
    Bytes secret(32, 1);
    for (int i = 0; i < 4; ++i) secret[28 + static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
    return known.emplace(number, *crypto::AccountKey::from_secret(secret)).first->second;
}

crypto::SecretKey operator_key(std::uint32_t number) {
    Bytes seed(32, 9);
    seed[0] = static_cast<std::uint8_t>(number);
    return crypto::SecretKey::from_seed(seed);
}

TransportKey transport_key(std::uint32_t number) {
    TransportKey key;
    key.bytes.fill(static_cast<std::uint8_t>(number));
    return key;
}

Endpoints endpoints(std::uint32_t number) { return {"node" + std::to_string(number) + ".example", 7001, 7002, 7003, 7004, 7005}; }

LaneTransaction signed_by(const Send& send) {
    ethereum::Transaction t;
    t.type = 2;
    t.chain_id = send.chain_id;
    t.nonce = send.nonce;
    t.max_priority_fee = send.tip;
    t.max_fee = send.max_fee;
    t.gas_limit = send.gas_limit;
    t.to = send.to;
    t.value = send.value;
    t.data = send.data;
    return {address(send.from), ethereum::sign_transaction(t, account_key(send.from))};
}

Hash256 hash_of(const LaneTransaction& transaction) { return crypto::keccak256(transaction.raw); }

Genesis make_genesis(const WorldOptions& options) {
    Genesis g;
    g.chain_id = 7;
    g.timestamp_ms = 1'700'000'000'000;
    g.policy = options.policy;
    g.parameters.epoch_blocks = options.epoch_blocks;
    g.parameters.execution_lag_max = options.lag_max;
    g.parameters.gas_target_per_second = options.gas_target_per_second;
    g.parameters.operators_max = options.operators_max;
    g.parameters.unbonding_ms = options.unbonding_ms;
    g.parameters.snapshot_blocks = options.snapshot_blocks;
    for (std::uint32_t n = 1; n <= options.operators; ++n) {
        GenesisOperator o;
        o.number = OperatorNumber(n);
        o.key = operator_key(n).public_key();
        o.transport_key = transport_key(n);
        o.moniker = "operator " + std::to_string(n);
        o.endpoints = endpoints(n);
        o.fee_address = address(3000 + n);
        o.watcher_account = address(watcher_of(n));
        o.rewards_account = address(rewards_of(n));
        o.self_stake = 32 * ether;
        g.operators.push_back(o);
    }
    for (std::uint32_t n = 0; n < options.accounts; ++n) g.accounts.push_back({address(n), 1000 * ether, 0});
    std::sort(g.accounts.begin(), g.accounts.end(), [](const auto& a, const auto& b) { return a.address < b.address; });
    return g;
}

ChainMaker::ChainMaker(const Genesis& genesis)
    : genesis_(genesis), parent_(genesis_block_digest(genesis)), now_ms_(genesis.timestamp_ms) {}

ChainMaker::Made ChainMaker::make(const Lanes& lanes, const ExecutedRef& cited, std::uint64_t after_ms) {
    Made made;
    height_ = height_.next();
    now_ms_ += after_ms;
    for (const auto& [number, batches] : lanes) {
        const LaneId lane(number);
        const CutEntry* tip = cut_.find(lane);
        CutEntry entry = tip != nullptr ? *tip : CutEntry{lane, LaneHeight(0), {}};
        LaneBatches additions{lane, {}};
        for (const auto& transactions : batches) {
            const Payload payload{transactions};
            BatchRecord record;
            record.payload = encode(payload);
            record.header = {epoch_,
                             lane,
                             entry.height.next(),
                             entry.digest,
                             payload_root(payload),
                             static_cast<std::uint32_t>(record.payload.size()),
                             static_cast<std::uint32_t>(transactions.size()),
                             now_ms_,
                             {}};
            entry = {lane, record.header.height, digest_of(record.header)};
            made.batches.push_back(record);
            additions.batches.push_back(payload);
        }
        made.block.cut_delta.push_back(entry);
        made.lanes.push_back(additions);
    }
    cut_ = rondo::advance(cut_, made.block.cut_delta);
    Proposal& b = made.block;
    b.epoch = epoch_;
    b.view = rondo::View(height_.value);
    b.height = height_;
    b.parent_digest = parent_;
    b.timestamp_ms = now_ms_;
    b.cut_root = root_of(cut_);
    b.executed = cited;
    // Sets change, and none that began with four has fewer.
    b.leader = SignerIndex(static_cast<std::uint16_t>(height_.value % std::min<std::size_t>(4, genesis_.operators.size())));
    if (const auto next = next_epoch ? next_epoch(b) : std::nullopt) {
        b.next_set_hash = digest_of(*next);
        epoch_ = next->epoch;
    }
    parent_ = digest_of(b);
    return made;
}

World::World(const WorldOptions& options) : genesis(make_genesis(options)), executor(genesis, {}), maker(genesis) {
    executor.open(store);
    maker.next_epoch = [this](const Proposal& block) { return executor.next_epoch(store, block); };
}

ExecutedBlock World::run(std::vector<LaneTransaction> transactions, std::uint64_t after_ms) {
    if (transactions.empty()) return run_lanes({}, after_ms);
    return run_lanes({{1, {std::move(transactions)}}}, after_ms);
}

ExecutedBlock World::run_lanes(const ChainMaker::Lanes& lanes, std::uint64_t after_ms) {
    const ChainMaker::Made made = maker.make(lanes, cited, after_ms);
    const auto fault = executor.check(store, made.block);
    require(!fault, *fault);
    cited = {executor.head().height, executor.head().result_digest};
    return executor.execute(store, made.block, made.lanes);
}

uint256 World::number(const Address& module, const Bytes& call) {
    Ledger ledger(store);
    const CallOutcome outcome =
        run_call(ledger, executor.chain_at_head(store), {test::address(0), module, 0, call, 21000, 10'000'000});
    require(outcome.success && outcome.output.size() >= 32, "a view reverted");
    return uint256_from_be(ByteView(outcome.output).first(32));
}

}  // namespace rondo::execution::test
