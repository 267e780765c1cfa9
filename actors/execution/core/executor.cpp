#include "actors/execution/core/executor.hpp"

#include "actors/execution/core/block_run.hpp"
#include "actors/execution/core/history.hpp"
#include "actors/execution/core/limits.hpp"
#include "actors/execution/core/modules/rewards.hpp"
#include "actors/execution/core/modules/staking.hpp"
#include "actors/execution/core/ordered_trie.hpp"
#include "actors/execution/core/tables.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::execution {
namespace {

void save_head(StateStore& store, const Head& head) { store.put(tables::meta, head_key(), encode(head)); }

Hash256 transactions_root(const std::vector<BlockRun::Effect>& effects) {
    std::vector<ByteView> raws;
    raws.reserve(effects.size());
    for (const auto& effect : effects) raws.emplace_back(effect.source->raw);
    return ordered_root(raws);
}

struct Receipts {
    Hash256 root{};
    ethereum::Bloom bloom{};
};
Receipts receipts_of(const std::vector<BlockRun::Effect>& effects) {
    Receipts out;
    std::vector<Bytes> encodings;
    encodings.reserve(effects.size());
    for (const auto& effect : effects) {
        encodings.push_back(ethereum::encode_receipt(effect.receipt));
        if (!effect.receipt.logs.empty()) ethereum::merge(out.bloom, ethereum::bloom_of(effect.receipt.logs));
    }
    out.root = ordered_root(std::vector<ByteView>(encodings.begin(), encodings.end()));
    return out;
}

Result result_of(const BlockRun& run, const Hash256& state_root, const Parameters& parameters) {
    const Receipts receipts = receipts_of(run.effects());
    Result result;
    result.state_root = state_root;
    result.transactions_root = transactions_root(run.effects());
    result.receipts_root = receipts.root;
    result.logs_bloom = receipts.bloom;
    result.gas_used = run.gas_used();
    result.parameters_hash = parameters_hash(parameters);
    return result;
}

Wei genesis_supply(const Genesis& genesis) {
    Wei sum;
    for (const GenesisOperator& o : genesis.operators) sum += o.self_stake;
    for (const GenesisAccount& account : genesis.accounts) sum += account.balance;
    return sum;
}

/// Of a height that may still be cited, at or below a snapshot: only of the snapshot itself the digest is known.
Snapshot snapshot_at(const Carried& carried, Height height, const Head& head) {
    Snapshot out{height == head.height ? head.result_digest : Digest{}, {}};
    for (const RegistryRef& registry : carried.registries)
        if (registry.height <= height) out.registry = registry.height;
    return out;
}

/// Rule 8, beside the supply: what the modules say they hold is what they hold.
void check_modules(Ledger& ledger) {
    require(Staking(ledger).balanced(), "bonds differ from the balance of the staking module");
    require(Rewards(ledger).balanced(), "pots differ from the balance of the rewards module");
}

}  // namespace

BlockExecutor::BlockExecutor(const Genesis& genesis, ExecutorOptions options)
    : genesis_(genesis), genesis_digest_(digest_of(genesis)), options_(options) {}

void BlockExecutor::open(StateStore& store) {
    const auto record = store.get(tables::meta, head_key());
    if (record) {
        head_ = decode_own<Head>(*record);
        registries_.open(store, head_.height);
    } else {
        write_genesis(store);
    }
    open_ = true;
}

void BlockExecutor::write_genesis(StateStore& store) {
    Ledger ledger(store);
    Staking staking(ledger);
    for (const Address& module : all_modules()) ledger.install_module(module);
    for (const GenesisOperator& o : genesis_.operators) {
        ledger.credit(modules::staking, o.self_stake);
        staking.add({o.number, o.self_stake, false, false, o.key, o.transport_key, o.fee_address, o.watcher_account,
                     o.rewards_account, o.endpoints},
                    o.moniker);
    }
    for (const GenesisAccount& account : genesis_.accounts) {
        require(!is_module(account.address), "genesis funds a module's address");
        ledger.credit(account.address, account.balance);
        if (account.nonce != 0) ledger.set_nonce(account.address, account.nonce);
        ledger.forget_journal();
    }
    const FeeState fees = genesis_fees(genesis_);
    store_fees(ledger, fees);
    for (const Epoch epoch : {Epoch(1), Epoch(2)}) {
        const EpochContext context = genesis_context(genesis_, epoch);
        staking.note_context(epoch, digest_of(context));
        contexts_.add(store, context);
    }
    check_modules(ledger);
    registries_.begin(store, ledger);
    store.put(tables::snapshots, height_key(Height(0)), encode(Snapshot{{}, registries_.height()}));

    head_ = {};
    head_.block_digest = genesis_block_digest(genesis_);
    head_.timestamp_ms = genesis_.timestamp_ms;
    head_.supply = head_.genesis_supply = ledger.balance_sums().now;
    head_.base_fee = head_.base_fee_next = fees.base_fee;
    head_.registries = {registries_.newest()};
    const Ledger::Committed committed = ledger.commit(store, accounts_trie_, std::nullopt);
    head_.state_root = committed.state_root;
    head_.accounts = static_cast<std::uint64_t>(committed.accounts_added);
    save_head(store, head_);
    if (options_.history) write_genesis_history(store, genesis_, head_);
}

std::optional<std::string> BlockExecutor::check(const StateReader& store, const Proposal& block) {
    const std::string name = "block " + std::to_string(block.height.value);
    if (block.height != head_.height.next()) return name + " does not follow height " + std::to_string(head_.height.value);
    const EpochContext* context = contexts_.find(store, block.epoch);
    if (context == nullptr) return name + " belongs to an epoch whose context is unknown here";
    if (block.leader.value >= context->operators.size()) return name + " has a leader outside its epoch's set";
    if (root_of(rondo::advance(head_.cut, block.cut_delta)) != block.cut_root)
        return name + " cites another cut than the one executed here";
    if (block.executed.height > head_.height) return name + " cites the result of a block that it does not follow";
    const auto own = store.get(tables::snapshots, height_key(block.executed.height));
    if (!own) return name + " cites a result older than one cited before";
    // Of what lies below the base nothing of our own is here to compare.
    const bool is_own = block.executed.height >= head_.base;
    if (is_own && decode_own<Snapshot>(*own).result_digest != block.executed.result_digest)
        return "the final chain cites another result of block " + std::to_string(block.executed.height.value) +
               " than the one computed here";
    const auto next = next_epoch(store, block);
    if (next.has_value() != block.next_set_hash.has_value())
        return name + (next ? " does not end its epoch" : " ends its epoch") + ", against what was computed here";
    if (next && digest_of(*next) != *block.next_set_hash) return name + " cites another next set than the one computed here";
    return std::nullopt;
}

ExecutedBlock BlockExecutor::execute(StateStore& store, const Proposal& block, const std::vector<LaneBatches>& lanes) {
    require(open_, "execution without a state");
    const EpochContext* found = contexts_.find(store, block.epoch);
    require(found != nullptr, "a block of an unknown epoch was not refused");
    const EpochContext context = *found;
    Ledger ledger(store);
    const Chain chain{genesis_, genesis_digest_, store, contexts_, block.height, block.epoch, block.timestamp_ms};

    FeeState fees = enter_block(load_fees(ledger), block.timestamp_ms, context.parameters);
    BlockRun run(ledger, chain, fees, context, lanes);
    run.run();
    fees.gas += run.gas_used();
    store_fees(ledger, fees);

    ExecutedBlock out;
    out.height = block.height;
    out.block_digest = digest_of(block);
    out.epoch = block.epoch;
    out.timestamp_ms = block.timestamp_ms;
    out.base_fee = fees.base_fee;
    out.base_fee_next = std::min(fees.base_fee, next_base_fee(fees.base_fee, fees.gas, context.parameters));
    out.lane_fees = run.lane_fees();
    Rewards rewards(ledger);
    for (const LaneFees& lane : out.lane_fees) rewards.deposit(lane.fees);
    registries_.follow(store, ledger, block.height, run.changed_operators());
    out.jailed = registries_.jailed();
    const auto next = next_epoch(store, block);
    if (next) {
        rewards.fix_pot(block.epoch);
        Staking(ledger).end_duty(context, block.timestamp_ms);
        out.contexts = coming(store, block, context, *next);
        for (const EpochContext& context_to_come : out.contexts) {
            Staking(ledger).note_context(context_to_come.epoch, digest_of(context_to_come));
            contexts_.add(store, context_to_come);
        }
        registries_.check(ledger);
    }

    check_modules(ledger);
    const Ledger::Sums sums = ledger.balance_sums();
    out.burnt = ledger.burnt();
    head_.supply = head_.supply + sums.now - sums.before;
    head_.burnt += out.burnt;
    require(head_.supply + head_.burnt == head_.genesis_supply, "supply is not conserved");

    const Ledger::Committed committed = ledger.commit(store, accounts_trie_, block.height);
    out.touched = committed.touched;
    out.outcomes = std::move(run.outcomes());
    const Epoch next_epoch = next ? block.epoch.next() : block.epoch;
    Outcome outcome{result_of(run, committed.state_root, context.parameters), carried_by(block, out.block_digest, next_epoch)};
    outcome.result.carried_digest = digest_of(outcome.carried);
    out.result = outcome.result;
    out.result_digest = digest_of(out.result);

    head_.height = block.height;
    head_.next_epoch = next_epoch;
    head_.block_digest = out.block_digest;
    head_.timestamp_ms = block.timestamp_ms;
    head_.state_root = committed.state_root;
    head_.result_digest = out.result_digest;
    head_.base_fee = out.base_fee;
    head_.base_fee_next = out.base_fee_next;
    head_.cut = rondo::advance(head_.cut, block.cut_delta);
    head_.accounts = static_cast<std::uint64_t>(static_cast<std::int64_t>(head_.accounts) + committed.accounts_added);
    note_outcome(store, outcome, context.parameters);
    save_head(store, head_);
    store.put(tables::snapshots, height_key(block.height), encode(Snapshot{out.result_digest, registries_.height()}));
    store.put(tables::results, height_key(block.height), encode(out));
    if (options_.history) write_history(store, block, context, out, run.effects());
    prune(store, block, context.parameters);
    return out;
}

std::optional<EpochContext> BlockExecutor::next_epoch(const StateReader& store, const Proposal& block) {
    const EpochContext* context = contexts_.find(store, block.epoch);
    require(context != nullptr, "a block of an unknown epoch was not refused");
    const EpochContext current = *context;  // the next lookup may drop it
    const std::vector<OperatorNumber>& jailed = registries_.jailed_at(store, block.executed.height);
    if (block.height == current.planned_end) {
        const EpochContext* planned = contexts_.find(store, block.epoch.next());
        require(planned != nullptr, "there is no plan for the next epoch");
        return successor(current, *planned, jailed);
    }
    if (!ends_early(current, jailed)) return std::nullopt;
    return successor(current, current, jailed);
}

std::vector<EpochContext> BlockExecutor::coming(const StateReader& store, const Proposal& boundary, const EpochContext& context,
                                                const EpochContext& next) {
    const EpochContext* planned = contexts_.find(store, next.epoch);
    require(planned != nullptr, "there is no plan for the next epoch");
    if (boundary.height != context.planned_end) {
        EpochContext later = *planned;
        later.epoch = next.epoch.next();
        return {next, later};
    }
    const EpochContext later = next_context(next, registry_at(store, boundary.executed.height));
    if (next == *planned) return {later};
    return {next, later};
}

/// What of the state after the block does not stand in its trie; head_ is still the one before it.
Carried BlockExecutor::carried_by(const Proposal& block, const Digest& block_digest, Epoch next_epoch) {
    if (registries_.height() == block.height) head_.registries.push_back(registries_.newest());
    auto& registries = head_.registries;
    while (registries.size() > 1 && registries[1].height <= block.executed.height) registries.erase(registries.begin());
    return {block_digest,   block.epoch,    next_epoch,     block.timestamp_ms,
            block.cut_root, block.executed, head_.snapshot, registries};
}

/// Kept for whoever asks where a citation leads to: of the last blocks, and of the last snapshots.
void BlockExecutor::note_outcome(StateStore& store, const Outcome& outcome, const Parameters& parameters) {
    const Height height = head_.height;
    const std::uint64_t interval = parameters.snapshot_blocks;
    store.put(tables::outcomes, height_key(height), encode(outcome));
    const Height old = height.minus_or_zero(2 * parameters.execution_lag_max);
    if (old.value % interval != 0) store.erase(tables::outcomes, height_key(old));
    if (height.value % interval != 0) return;
    head_.snapshot = {height, head_.result_digest};
    store.erase_range(tables::outcomes, height_key(Height(0)), height_key(height.minus_or_zero(snapshots_known * interval)));
}

void BlockExecutor::close(StateStore& store) {
    require(head_.height.value == 0, "a state is given up that was executed here");
    for (const Table& table : tables::all)
        if (table.index != tables::batches.index && table.index != tables::waiting.index) store.erase_range(table, {}, {});
    contexts_ = {};
    registries_ = {};
    accounts_trie_ = Trie(account_trie, true);
    head_ = {};
    open_ = false;
}

ExecutedBlock BlockExecutor::adopt(StateStore& store, const Joining::Whole& snapshot) {
    require(!open_, "a snapshot beside a state");
    const Result& result = snapshot.head.outcome.result;
    const Carried& carried = snapshot.head.outcome.carried;
    require(accounts_trie_.root(store) == result.state_root, "a snapshot came together to another root");
    Ledger ledger(store);
    const FeeState fees = load_fees(ledger);
    head_ = {};
    head_.height = head_.base = snapshot.at.height;
    head_.next_epoch = carried.next_epoch;
    head_.block_digest = carried.block_digest;
    head_.timestamp_ms = carried.timestamp_ms;
    head_.state_root = result.state_root;
    head_.result_digest = snapshot.at.result_digest;
    head_.base_fee = fees.base_fee;
    head_.base_fee_next = std::min(fees.base_fee, next_base_fee(fees.base_fee, fees.gas, genesis_.parameters));
    head_.cut = snapshot.head.cut;
    head_.supply = snapshot.supply;
    head_.genesis_supply = genesis_supply(genesis_);
    require(head_.supply <= head_.genesis_supply, "a certified state holds more than there ever was");
    head_.burnt = head_.genesis_supply - head_.supply;
    head_.accounts = snapshot.accounts;
    head_.snapshot = snapshot.at;
    head_.registries = carried.registries;
    for (std::size_t i = 0; i < carried.registries.size(); ++i)
        store.put(tables::registries, height_key(carried.registries[i].height), snapshot.head.registries[i]);
    for (Height height = carried.cited.height; height <= head_.height; height = height.next())
        store.put(tables::snapshots, height_key(height), encode(snapshot_at(carried, height, head_)));
    store.put(tables::outcomes, height_key(head_.height), encode(snapshot.head.outcome));
    save_head(store, head_);
    registries_.open(store, head_.height);
    check_modules(ledger);
    registries_.check(ledger);
    open_ = true;

    ExecutedBlock out;
    out.height = head_.height;
    out.block_digest = carried.block_digest;
    out.epoch = carried.epoch;
    out.timestamp_ms = carried.timestamp_ms;
    out.result = result;
    out.result_digest = snapshot.at.result_digest;
    out.base_fee = head_.base_fee;
    out.base_fee_next = head_.base_fee_next;
    out.jailed = registries_.jailed();
    out.base = Base{head_.cut, {}};
    for (Epoch epoch = std::max(Epoch(1), carried.epoch.minus_or_zero(1));
         const EpochContext* context = contexts_.find(store, epoch); epoch = epoch.next())
        out.base->contexts.push_back(*context);
    store.put(tables::results, height_key(out.height), encode(out));
    return out;
}

Chain BlockExecutor::chain_at_head(const StateReader& store) {
    return {genesis_, genesis_digest_, store, contexts_, head_.height.next(), head_.next_epoch, head_.timestamp_ms};
}

/// Old roots can be proven for 2·D blocks; what later blocks may cite is kept from the newest cited state on, which may be older.
void BlockExecutor::prune(StateStore& store, const Proposal& block, const Parameters& parameters) {
    const Height kept_from = block.height.minus_or_zero(2 * parameters.execution_lag_max);
    if (!options_.archive && kept_from.value > 0) store.erase_range(tables::diffs, height_key(Height(0)), height_key(kept_from));
    const Height cited = std::min(kept_from, block.executed.height);
    if (cited.value == 0) return;
    if (head_.base.value != 0 && !store.get(tables::snapshots, height_key(cited))) return;  // nothing so old was ever here
    store.erase_range(tables::snapshots, height_key(Height(0)), height_key(cited));
    registries_.prune(store, cited);
}

}  // namespace rondo::execution
