#include "tests/unit/intake/harness.hpp"

#include <algorithm>

#include "actors/intake/core/tables.hpp"
#include "messages/crypto/ed25519.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::test {

// ----------------------------------------------------------------------------------------------- store

const MemoryStore::Rows& MemoryStore::rows(Table table) const {
    static const Rows none;
    const auto it = tables_.find(table.index);
    return it == tables_.end() ? none : it->second;
}

std::optional<ByteView> MemoryStore::get(Table table, ByteView key) const {
    const auto it = rows(table).find(to_bytes(key));
    if (it == rows(table).end()) return std::nullopt;
    return it->second;
}

void MemoryStore::scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const {
    const Bytes end = to_bytes(to);
    for (auto it = rows(table).lower_bound(to_bytes(from)); it != rows(table).end() && (end.empty() || it->first < end); ++it)
        if (!visit(it->first, it->second)) return;
}

void MemoryStore::scan_reverse(Table table, ByteView from, ByteView to,
                               const std::function<bool(ByteView, ByteView)>& visit) const {
    const Rows& all = rows(table);
    auto it = to.empty() ? all.end() : all.lower_bound(to_bytes(to));
    const Bytes begin = to_bytes(from);
    while (it != all.begin()) {
        --it;
        if (it->first < begin || !visit(it->first, it->second)) return;
    }
}

void MemoryStore::apply(const std::vector<Record>& records) {
    for (const Record& record : records) {
        if (const auto* put = std::get_if<Put>(&record)) {
            tables_[put->table.index][put->key] = put->value;
        } else if (const auto* erase = std::get_if<Erase>(&record)) {
            tables_[erase->table.index].erase(erase->key);
        } else {
            const auto& range = std::get<EraseRange>(record);
            Rows& all = tables_[range.table.index];
            all.erase(all.lower_bound(range.from), range.to.empty() ? all.end() : all.lower_bound(range.to));
        }
    }
}

std::size_t MemoryStore::count(Table table) const { return rows(table).size(); }

// ---------------------------------------------------------------------------------------- transactions

Bytes make_tx(const User& user, const TxShape& shape) {
    ethereum::Transaction t;
    t.type = 2;
    t.chain_id = shape.chain_id;
    t.nonce = shape.nonce;
    t.max_fee = shape.max_fee;
    t.max_priority_fee = shape.tip;
    t.gas_limit = shape.gas.value_or(21000 + 16 * shape.data);
    t.to.bytes[0] = 0xaa;
    t.value = shape.value;
    t.data = Bytes(shape.data, 0x5a);
    return ethereum::sign_transaction(t, user.key);
}

Wei cost_of(const Bytes& raw) { return *ethereum::decode_any(raw)->transaction.cost_max(); }

// ------------------------------------------------------------------------------------------------ node

namespace {

template <class T>
std::vector<T> decode_all(const Node& node, Stream stream) {
    std::vector<T> out;
    const auto it = node.published.find(stream);
    if (it == node.published.end()) return out;
    for (const Bytes& payload : it->second) out.push_back(decode<T>(payload).value());
    return out;
}

}  // namespace

std::vector<BatchRecord> Node::batches() const { return decode_all<BatchRecord>(*this, Stream::batches); }
std::vector<BatchRecord> Node::stored() const {
    std::vector<BatchRecord> out;
    store.scan(intake::tables::batches, {}, {}, [&](ByteView, ByteView value) {
        out.push_back(decode<BatchRecord>(value).value());
        return true;
    });
    return out;
}
/// Each once, however often it was told.
std::vector<PoA> Node::certificates() const {
    std::vector<PoA> out;
    for (PoA& poa : decode_all<PoA>(*this, Stream::certificates))
        if (std::ranges::find(out, poa) == out.end()) out.push_back(std::move(poa));
    return out;
}
std::vector<Receipt> Node::receipts() const { return decode_all<Receipt>(*this, Stream::receipts); }

std::uint64_t Node::status(const std::string& name) const {
    for (const StatusField& field : core->status())
        if (field.name == name) return std::get<std::uint64_t>(field.value);
    ADD_FAILURE() << "no status field " << name;
    return 0;
}

std::string Node::text(const std::string& name) const {
    for (const StatusField& field : core->status())
        if (field.name == name) return std::get<std::string>(field.value);
    return "";
}

// --------------------------------------------------------------------------------------------- cluster

Cluster::Cluster(std::size_t nodes, const std::function<void(Parameters&)>& tune, std::uint64_t chain_id) {
    crypto::remember_verifications(true);
    genesis_.chain_id = chain_id;
    genesis_.timestamp_ms = now_.value;
    if (tune) tune(genesis_.parameters);
    for (std::size_t i = 0; i < nodes; ++i) {
        Bytes seed(32, static_cast<std::uint8_t>(i + 1));
        keys_.push_back(crypto::SecretKey::from_seed(seed));
        GenesisOperator o;
        o.number = OperatorNumber(static_cast<std::uint32_t>(i + 1));
        o.key = keys_.back().public_key();
        o.self_stake = Wei(32) * 1'000'000'000U * 1'000'000'000U;
        genesis_.operators.push_back(o);
    }
    nodes_.resize(nodes);
    heard_.resize(nodes);
    for (std::size_t i = 0; i < nodes; ++i) {
        nodes_[i].number = genesis_.operators[i].number;
        start(i);
    }
}

User Cluster::user_at(std::size_t home, const Wei& balance) {
    const EpochContext first = context();
    while (true) {
        Bytes secret(24, 0x11);
        append_be64(secret, next_user_++);
        auto key = crypto::AccountKey::from_secret(secret);
        if (!key || home_lane(first, key->address()) != nodes_[home].number) continue;
        ledger[key->address()] = {0, balance};
        return {*key, 0};
    }
}

std::size_t Cluster::index_of(OperatorNumber number) const { return number.value - 1; }

RequestId Cluster::post(std::size_t node, const IntakeRequest& request, ClientId client) {
    const RequestId id = next_request_++;
    deliver(node, Request{id, encode(request), client});
    return id;
}

std::optional<IntakeReply> Cluster::answer(std::size_t node, RequestId id) const {
    const auto it = nodes_[node].replies.find(id);
    if (it == nodes_[node].replies.end()) return std::nullopt;
    return decode<IntakeReply>(it->second).value();
}

IntakeReply Cluster::ask(std::size_t node, const IntakeRequest& request, ClientId client) {
    const RequestId id = post(node, request, client);
    run();
    auto reply = answer(node, id);
    EXPECT_TRUE(reply.has_value()) << "no answer";
    return reply ? *reply : IntakeReply(RequestError{"no answer"});
}

std::vector<SubmitOutcome> Cluster::submit(std::size_t node, std::vector<Bytes> transactions, ClientId client) {
    const std::size_t count = transactions.size();
    const IntakeReply reply = ask(node, SubmitRequest{std::move(transactions)}, client);
    pass_seal_intervals();
    const auto* submitted = std::get_if<SubmitReply>(&reply);
    EXPECT_NE(submitted, nullptr);
    return submitted == nullptr ? std::vector<SubmitOutcome>(count) : submitted->outcomes;
}

void Cluster::run() {
    while (!queue_.empty()) {
        const Event event = std::move(queue_.front());
        queue_.pop_front();
        if (nodes_[event.node].up) step(event.node, event.input);
    }
}

void Cluster::pass_seal_intervals() {
    const auto next = [this] {
        std::optional<Instant> due;
        for (const Node& node : nodes_) {
            const auto timer = node.timers.find(intake::id_of(intake::TimerName::lane_seal));
            if (node.up && timer != node.timers.end() && (!due || timer->second < *due)) due = timer->second;
        }
        return due;
    };
    run();
    while (const auto due = next()) advance(due->value - std::min(due->value, now_.value));
}

void Cluster::advance(DurationMs by) {
    const Instant end = now_.plus(by);
    run();
    while (true) {
        std::optional<std::pair<Instant, std::pair<std::size_t, TimerId>>> next;
        for (std::size_t i = 0; i < nodes_.size(); ++i)
            for (const auto& [id, when] : nodes_[i].timers)
                if (nodes_[i].up && when <= end && (!next || when < next->first)) next = {when, {i, id}};
        if (!next) break;
        now_ = std::max(now_, next->first);
        nodes_[next->second.first].timers.erase(next->second.second);
        step(next->second.first, TimerFired{next->second.second});
        run();
    }
    now_ = end;
}

void Cluster::step(std::size_t node, const Input& input) { apply(node, nodes_[node].core->step(now_, input)); }

void Cluster::apply(std::size_t index, Effects effects) {
    Node& node = nodes_[index];
    node.store.apply(effects.records);
    for (Publish& p : effects.publishes) {
        if (const auto* ref = std::get_if<RecordRef>(&p.payload)) {
            const auto stored = node.store.get(ref->table, ref->key);
            ASSERT_TRUE(stored.has_value()) << "a published row refers to nothing";
            node.published[p.stream].push_back(to_bytes(*stored));
        } else {
            node.published[p.stream].push_back(std::get<Bytes>(p.payload));
        }
    }
    for (Send& s : effects.sends) {
        const auto message = decode<LaneMessage>(s.payload);
        ASSERT_TRUE(message.has_value());
        if (lose && lose(node.number, s.to, *message)) continue;
        deliver(index_of(s.to), PeerMessage{s.channel, node.number, std::move(s.payload)});
    }
    for (const Ask& ask : effects.asks) apply_ask(index, ask);
    for (Reply& r : effects.replies) {
        ASSERT_FALSE(node.replies.contains(r.id)) << "answered twice";
        node.replies[r.id] = std::move(r.payload);
    }
    for (const CancelTimer& c : effects.cancelled) node.timers.erase(c.id);
    for (const SetTimer& t : effects.timers) node.timers[t.id] = now_.plus(t.after_ms);
    for (const RecoverSenders& job : effects.jobs) {
        JobDone done{job.id, {}};
        for (const Bytes& raw : job.transactions) done.senders.push_back(ethereum::recover_sender(raw));
        ++node.jobs;
        node.recovered += job.transactions.size();
        if (hold_jobs)
            held_jobs_.push_back({index, std::move(done)});
        else
            deliver(index, std::move(done));
    }
    for (const Log& log : effects.logs)
        if (log.level >= Level::warn) node.warnings.push_back(log.text);
    ASSERT_FALSE(effects.stop.has_value());
}

void Cluster::release_jobs() {
    hold_jobs = false;
    // The last first: the worker pool keeps no order.
    std::reverse(held_jobs_.begin(), held_jobs_.end());
    for (Event& event : held_jobs_) queue_.push_back(std::move(event));
    held_jobs_.clear();
    run();
}

void Cluster::apply_ask(std::size_t node, const Ask& ask) {
    if (ask.whom == Askable::consensus) {
        const HeadReply head{height, {}, epoch, View(1), consensus_is_whole};
        deliver(node, Answer{ask.id, encode(ConsensusReply(head))});
        return;
    }
    ASSERT_EQ(ask.whom, Askable::execution);
    if (execution_silent) {
        deliver(node, Answer{ask.id, std::nullopt});
        return;
    }
    const auto request = std::get<GetAccounts>(decode<ExecutionRequest>(ask.payload).value());
    AccountsReply reply{executed_height_, {}};
    for (const Address& address : request.addresses)
        reply.accounts.push_back({address, ledger[address].nonce, ledger[address].balance});
    deliver(node, Answer{ask.id, encode(ExecutionReply(reply))});
}

// ---------------------------------------------------------------------------------- consensus, execution

std::vector<CutEntry> Cluster::new_tips() const {
    std::map<LaneId, CutEntry> best;
    for (const Node& node : nodes_)
        for (const PoA& poa : node.certificates()) {
            const BatchHeader& h = poa.header;
            if (h.epoch != epoch || (!only_lanes.empty() && !only_lanes.contains(h.lane))) continue;
            CutEntry& entry = best.try_emplace(h.lane, CutEntry{h.lane, LaneHeight(0), {}}).first->second;
            if (h.height > entry.height) entry = {h.lane, h.height, digest_of(h)};
        }
    std::vector<CutEntry> out;
    for (const auto& [lane, entry] : best) {
        const CutEntry* before = cut.find(lane);
        if (before == nullptr || entry.height > before->height) out.push_back(entry);
    }
    return out;
}

void Cluster::to_all(Stream stream, std::uint64_t sequence, const Bytes& payload) {
    said_.push_back({stream, sequence, payload});
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (!nodes_[i].up || behind.contains(i)) continue;
        heard_[i] = said_.size();
        deliver(i, StreamMessage{stream, sequence, payload});
    }
    run();
}

/// Epochs beyond the second have the set of the second, without those that leave.
EpochContext Cluster::planned(Epoch epoch_) const {
    if (epoch_ <= Epoch(2)) return genesis_context(genesis_, epoch_);
    EpochContext next = genesis_context(genesis_, Epoch(2));
    next.epoch = epoch_;
    std::erase_if(next.operators, [&](const OperatorInfo& o) { return leaving.contains(o.number); });
    next.planned_end = Height(genesis_.parameters.epoch_blocks * next.epoch.value);
    return next;
}

Height Cluster::finalize(bool execute_too) {
    Proposal block;
    block.epoch = epoch;
    height = height.next();
    block.height = height;
    block.timestamp_ms = now_.value;
    block.cut_delta = new_tips();
    const Cut before = cut;
    cut = advance_cut(block.cut_delta);
    const bool boundary = height.value % genesis_.parameters.epoch_blocks == 0;
    if (boundary) block.next_set_hash = digest_of(planned(epoch.next()));
    unexecuted_.push_back({block, before});
    to_all(Stream::blocks, height.value, encode(FinalBlock{block, std::nullopt}));
    if (boundary) epoch = epoch.next();
    if (execute_too) execute_all();
    return height;
}

Cut Cluster::advance_cut(const std::vector<CutEntry>& delta) const { return rondo::advance(cut, delta); }

void Cluster::execute_all() {
    while (!unexecuted_.empty()) {
        const Unexecuted next = std::move(unexecuted_.front());
        unexecuted_.pop_front();
        const ExecutedBlock result = execute(next.block, next.before);
        executed_height_ = next.block.height;
        to_all(Stream::results, next.block.height.value, encode(result));
    }
}

ExecutedBlock Cluster::execute(const Proposal& block, const Cut& before) {
    std::map<Digest, BatchRecord> known;
    for (const Node& node : nodes_)
        for (BatchRecord& record : node.batches()) known.emplace(digest_of(record.header), std::move(record));
    ExecutedBlock out;
    out.height = block.height;
    out.epoch = block.epoch;
    out.base_fee_next = base_fee_next;
    std::set<Address> touched;
    for (const CutEntry& tip : block.cut_delta) {
        const CutEntry* from = before.find(tip.lane);
        std::vector<BatchRecord> chain;
        Digest at = tip.digest;
        for (std::uint64_t h = tip.height.value; h > (from == nullptr ? 0 : from->height.value); --h) {
            EXPECT_TRUE(known.contains(at)) << "a cited batch is on no stream";
            chain.push_back(known.at(at));
            at = chain.back().header.parent_digest;
        }
        std::reverse(chain.begin(), chain.end());
        for (const BatchRecord& batch : chain) {
            executed_batches.push_back(batch);
            const Payload payload = decode<Payload>(batch.payload).value();
            for (const LaneTransaction& t : payload.transactions) {
                const auto decoded = ethereum::decode_any(t.raw)->transaction;
                Account& account = ledger[t.sender];
                TxOutcome outcome{decoded.hash, TxStatus::success, ethereum::Refusal::none, tip.lane};
                const Wei paid = decoded.value + Wei(21000) * 7;
                if (decoded.nonce != account.nonce) {
                    outcome.status = TxStatus::skipped;
                    const bool used = decoded.nonce < account.nonce;
                    outcome.skip_reason = used ? ethereum::Refusal::nonce_too_low : ethereum::Refusal::nonce_gap;
                } else if (account.balance < paid) {
                    outcome.status = TxStatus::skipped;
                    outcome.skip_reason = ethereum::Refusal::insufficient_funds;
                } else {
                    account.nonce += 1;
                    account.balance -= paid;
                    touched.insert(t.sender);
                }
                const bool first = !executed.contains(decoded.hash);
                if (first || outcome.status == TxStatus::success) executed[decoded.hash] = outcome.status;
                out.outcomes.push_back(outcome);
            }
        }
    }
    for (const Address& address : touched) out.touched.push_back({address, ledger[address].nonce, ledger[address].balance});
    if (block.next_set_hash) out.contexts = {planned(block.epoch.plus(2))};
    return out;
}

// ----------------------------------------------------------------------------------------- starts, stops

void Cluster::stop(std::size_t index) {
    Node& node = nodes_[index];
    node.up = false;
    node.core.reset();
    node.timers.clear();
    std::erase_if(queue_, [&](const Event& event) { return event.node == index; });
    std::erase_if(held_jobs_, [&](const Event& event) { return event.node == index; });
}

void Cluster::restore(std::size_t index, const MemoryStore& earlier, std::size_t heard) {
    nodes_[index].store = earlier;
    heard_[index] = heard;
}

void Cluster::start(std::size_t index) {
    Node& node = nodes_[index];
    node.up = true;
    node.core = std::make_unique<IntakeCore>(IntakeConfig{node.number, {keys_[index]}, genesis_, {}}, node.store);
    apply(index, node.core->start(now_));
    catch_up(index);
}

void Cluster::catch_up(std::size_t index) {
    behind.erase(index);
    for (; heard_[index] < said_.size(); ++heard_[index]) {
        const Said& said = said_[heard_[index]];
        deliver(index, StreamMessage{said.stream, said.sequence, said.payload});
    }
    run();
}

void Cluster::begin_with_snapshot(std::size_t index) {
    behind.erase(index);
    heard_[index] = said_.size();
    const auto newest = [this](Stream stream) {
        return *std::find_if(said_.rbegin(), said_.rend(), [stream](const Said& said) { return said.stream == stream; });
    };
    const Said results = newest(Stream::results);
    const Said blocks = newest(Stream::blocks);
    auto executed_block = decode<ExecutedBlock>(results.payload).value();
    auto final_block = decode<FinalBlock>(blocks.payload).value();
    Base base{cut, {}};
    for (Epoch e = final_block.block.epoch.minus_or_zero(1); e <= epoch.next(); e = e.next())
        if (e.value > 0) base.contexts.push_back(planned(e));
    executed_block.base = final_block.base = base;
    executed_block.outcomes.clear();
    deliver(index, StreamMessage{results.stream, results.sequence, encode(executed_block)});
    deliver(index, StreamMessage{blocks.stream, blocks.sequence, encode(final_block)});
    run();
}

}  // namespace rondo::test
