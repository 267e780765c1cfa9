#include "harness.hpp"

#include <algorithm>

#include "actors/consensus/core/tables.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::harness {

// ------------------------------------------------------------------------------------------------- the disk

const MemoryStore::Rows& MemoryStore::rows_of(Table table) const {
    static const Rows nothing;
    const auto it = tables_.find(table.index);
    return it == tables_.end() ? nothing : it->second;
}

std::optional<ByteView> MemoryStore::get(Table table, ByteView key) const {
    const Rows& rows = rows_of(table);
    const auto it = rows.find(to_bytes(key));
    if (it == rows.end()) return std::nullopt;
    return ByteView(it->second);
}

void MemoryStore::scan(Table table, ByteView from, ByteView to, const std::function<bool(ByteView, ByteView)>& visit) const {
    const Rows& rows = rows_of(table);
    const auto end = to.empty() ? rows.end() : rows.lower_bound(to_bytes(to));
    for (auto it = rows.lower_bound(to_bytes(from)); it != end; ++it)
        if (!visit(it->first, it->second)) return;
}

void MemoryStore::scan_reverse(Table table, ByteView from, ByteView to,
                               const std::function<bool(ByteView, ByteView)>& visit) const {
    const Rows& rows = rows_of(table);
    const auto begin = rows.lower_bound(to_bytes(from));
    for (auto it = to.empty() ? rows.end() : rows.lower_bound(to_bytes(to)); it != begin;) {
        --it;
        if (!visit(it->first, it->second)) return;
    }
}

void MemoryStore::apply(const std::vector<Record>& records) {
    for (const Record& record : records) {
        if (const auto* put = std::get_if<Put>(&record)) tables_[put->table.index].insert_or_assign(put->key, put->value);
        if (const auto* erase = std::get_if<Erase>(&record)) tables_[erase->table.index].erase(erase->key);
        if (const auto* range = std::get_if<EraseRange>(&record)) {
            Rows& rows = tables_[range->table.index];
            rows.erase(rows.lower_bound(range->from), range->to.empty() ? rows.end() : rows.lower_bound(range->to));
        }
    }
}

std::size_t MemoryStore::rows(Table table) const { return rows_of(table).size(); }

// -------------------------------------------------------------------------------------------------- the cluster

Options with_epochs_of(std::uint64_t blocks) {
    Options options;
    options.parameters.epoch_blocks = blocks;
    return options;
}

Cluster::Cluster(Options options) : options_(std::move(options)) {
    crypto::remember_verifications(true);
    genesis_.chain_id = 1;
    genesis_.timestamp_ms = now_.value - 1000;
    genesis_.policy = options_.policy;
    genesis_.parameters = options_.parameters;
    for (std::size_t i = 0; i < options_.stakes.size(); ++i) {
        const Digest seed = crypto::blake2b(as_bytes("key " + std::to_string(i)));
        nodes_.push_back({crypto::SecretKey::from_seed(seed.view()), {}, nullptr, 0, 0, {}, {}, {}, 0, 0, 0, {}});
        GenesisOperator op;
        op.number = number(i);
        op.key = nodes_[i].key.public_key();
        op.self_stake = Wei(options_.stakes[i]) * 1'000'000'000U;
        genesis_.operators.push_back(op);
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) restart(i);
}

EpochContext Cluster::context(Epoch epoch) const {
    EpochContext context = genesis_context(genesis_, Epoch(epoch.value <= 2 ? epoch.value : 2));
    context.epoch = epoch;
    context.planned_end = Height(epoch.value * genesis_.parameters.epoch_blocks);
    if (epoch.value > 2) context.seed = crypto::blake2b(as_bytes("epoch " + std::to_string(epoch.value)));
    return context;
}

void Cluster::at(DurationMs delay_ms, std::size_t node, std::function<void()> act) {
    queue_.emplace(std::pair{now_.value + delay_ms, sequence_++}, Event{node, nodes_[node].incarnation, std::move(act)});
}

void Cluster::run_for(DurationMs duration_ms) {
    const Instant end = now_.plus(duration_ms);
    (void)run_until([&] { return queue_.empty() || queue_.begin()->first.first > end.value; }, duration_ms);
    now_ = end;
}

bool Cluster::run_until(const std::function<bool()>& condition, DurationMs limit_ms) {
    const Instant end = now_.plus(limit_ms);
    while (!condition()) {
        if (queue_.empty() || queue_.begin()->first.first > end.value) return false;
        auto next = queue_.extract(queue_.begin());
        now_ = Instant(next.key().first);
        if (nodes_[next.mapped().node].incarnation == next.mapped().incarnation) next.mapped().act();
    }
    return true;
}

void Cluster::crash(std::size_t node) {
    nodes_[node].core.reset();
    ++nodes_[node].incarnation;
}

void Cluster::restart(std::size_t i) {
    Node& node = nodes_[i];
    ++node.incarnation;
    node.core = std::make_unique<ConsensusCore>(ConsensusConfig{number(i), {node.key}, genesis_, {}}, node.store);
    apply(i, node.core->start(now_), {});
    if (node.core != nullptr) hear_streams(i);
}

// What it published after the copy was made, its hearers know; it says the same again.
void Cluster::roll_back(std::size_t i, const MemoryStore& earlier) {
    Node& node = nodes_[i];
    require(node.core == nullptr, "a disk is restored while nobody uses it");
    node.store = earlier;
    node.chain.resize(earlier.rows(consensus::tables::blocks));
    node.results_heard = node.certificates_heard = 0;
    earlier.scan_reverse(consensus::tables::results, {}, {}, [&](ByteView key, ByteView) {
        node.results_heard = read_be64(key);
        return false;
    });
}

void Cluster::step(std::size_t i, const Input& input, const std::function<void(Node&)>& advance_cursor) {
    Node& node = nodes_[i];
    if (node.core == nullptr) return;
    ++node.steps;
    apply(i, node.core->step(now_, input), advance_cursor);
}

void Cluster::apply(std::size_t i, Effects effects, const std::function<void(Node&)>& advance_cursor) {
    Node& node = nodes_[i];
    const CrashAt crash_at = crash_hook ? crash_hook(i) : CrashAt::nowhere;
    if (crash_at != CrashAt::before_commit) {
        commit(node, effects);
        if (advance_cursor) advance_cursor(node);
    }
    if (crash_at != CrashAt::nowhere) {
        crash(i);
        at(restart_after_ms, i, [this, i] { restart(i); });
        return;
    }
    for (const Send& message : effects.sends) send(i, message);
    for (Reply& reply : effects.replies) node.replies[reply.id] = std::move(reply.payload);
    for (const SetTimer& timer : effects.timers) {
        const std::uint64_t armed = ++node.timer;
        at(timer.after_ms, i, [this, i, armed, id = timer.id] {
            if (nodes_[i].timer == armed) step(i, TimerFired{id});
        });
    }
    hear_next_result(i);
}

void Cluster::commit(Node& node, const Effects& effects) {
    node.store.apply(effects.records);
    for (const Publish& publish : effects.publishes) {
        if (publish.stream == Stream::vote_signed) {
            node.seen.push_back(*decode<SignedMessage>(std::get<Bytes>(publish.payload)));
            continue;
        }
        require(publish.stream == Stream::blocks && publish.sequence == node.chain.size() + 1, "blocks come in order, each once");
        const auto& ref = std::get<RecordRef>(publish.payload);
        node.chain.push_back(*decode<FinalBlock>(*node.store.get(ref.table, ref.key)));
        require(digest_of(node.chain.back().block) == publish.identity, "a block's identity is its digest");
    }
}

bool Cluster::connected(std::size_t a, std::size_t b) const {
    if (groups_.empty()) return true;
    return std::any_of(groups_.begin(), groups_.end(), [&](const auto& group) { return group.contains(a) && group.contains(b); });
}

void Cluster::send(std::size_t from, const Send& send) {
    const std::size_t to = node_of(send.to);
    const auto message = decode<ConsensusMessage>(send.payload);
    require(message.has_value(), "what a core sends decodes");
    const auto sent = tamper_ ? tamper_(from, to, *message) : std::vector<ConsensusMessage>{*message};
    for (const ConsensusMessage& m : sent) {
        note(from, m);
        if (on_sent) on_sent(from, m);
        if (connected(from, to)) deliver(from, to, m, send.channel);
    }
}

void Cluster::deliver(std::size_t from, std::size_t to, const ConsensusMessage& message, Channel channel) {
    at(options_.latency_ms, to, [this, from, to, channel, payload = encode(message)] {
        step(to, PeerMessage{channel, number(from), payload});
    });
}

// The outside log of signatures: what no honest node may do, whatever happens to it.
void Cluster::note(std::size_t from, const ConsensusMessage& message) {
    if (exempt_.contains(from)) return;
    const std::string who = "node " + std::to_string(from) + " view ";
    if (const auto* vote = std::get_if<Vote>(&message)) {
        const auto [it, is_new] = votes_sent_.emplace(std::tuple{from, vote->epoch, vote->view, vote->vote}, vote->digest);
        if (!is_new && it->second != vote->digest)
            contradictions_.push_back(who + std::to_string(vote->view.value) + ": two votes");
        const auto has = [&](VoteKind kind) { return votes_sent_.contains({from, vote->epoch, vote->view, kind}); };
        if (has(VoteKind::nullify) && has(VoteKind::finalize))
            contradictions_.push_back(who + std::to_string(vote->view.value) + ": nullify and finalize");
    }
    const auto body = [&](const auto& b) {
        if (genesis_.operators[b.leader.value].number != number(from)) return;  // handed on
        const auto [it, is_new] = bodies_sent_.emplace(std::tuple{from, b.epoch, b.view}, digest_of(b));
        if (!is_new && it->second != digest_of(b))
            contradictions_.push_back(who + std::to_string(b.view.value) + ": two proposals");
    };
    if (const auto* proposal = std::get_if<Proposal>(&message)) body(*proposal);
    if (const auto* tail = std::get_if<Tail>(&message)) body(*tail);
}

// ------------------------------------------------------------------------------------------ streams of the node

void Cluster::hear_streams(std::size_t i) {
    for (std::size_t s = nodes_[i].certificates_heard; s < nodes_[i].certificates.size(); ++s)
        at(1, i, [this, i, s] {
            step(i, StreamMessage{Stream::certificates, s, nodes_[i].certificates[s]},
                 [s](Node& n) { n.certificates_heard = s + 1; });
        });
    hear_next_result(i);
}

// One at a time: the next follows when this one has been heard.
void Cluster::hear_next_result(std::size_t i) {
    Node& node = nodes_[i];
    if (node.core == nullptr || execution_paused.contains(i) || node.results_heard >= node.chain.size()) return;
    const std::size_t s = node.results_heard;
    at(options_.execution_ms, i, [this, i, s] {
        Node& n = nodes_[i];
        if (n.results_heard != s || execution_paused.contains(i)) return;
        step(i, StreamMessage{Stream::results, s + 1, result_of(i, n.chain[s])}, [s](Node& m) { m.results_heard = s + 1; });
    });
}

void Cluster::resume_execution(std::size_t node) {
    execution_paused.erase(node);
    hear_next_result(node);
}

Bytes Cluster::result_of(std::size_t node, const FinalBlock& block) const {
    ExecutedBlock executed;
    executed.height = block.block.height;
    executed.block_digest = digest_of(block.block);
    executed.epoch = block.block.epoch;
    executed.result_digest = crypto::blake2b({as_bytes("result"), executed.block_digest.view()});
    if (spoil_results_of == node && executed.height > Height(10)) executed.result_digest.bytes[0] ^= 1;
    if (block.block.height.value == block.block.epoch.value * genesis_.parameters.epoch_blocks)
        executed.contexts = {context(Epoch(block.block.epoch.value + 2))};
    return encode(executed);
}

CutEntry Cluster::certify(std::size_t lane, Epoch epoch, const std::set<std::size_t>& nodes) {
    BatchHeader header;
    header.epoch = epoch;
    header.lane = number(lane);
    const auto tip = lane_tips_.find({lane, epoch});
    LaneHeight below = cut_of(lane, lane);  // a new epoch goes on from the last cut
    if (tip != lane_tips_.end()) below = std::max(below, tip->second.height);
    header.height = below.next();
    header.parent_digest = tip == lane_tips_.end() ? Digest{} : digest_of(tip->second);
    header.payload_hash = crypto::blake2b(as_bytes("payload " + std::to_string(sequence_)));
    header.created_ms = now_.value;
    header.signature = sign(lane, epoch, Kind::batch_header, header);
    lane_tips_.insert_or_assign({lane, epoch}, header);
    PoA poa{header, {}};
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        Ack ack{epoch, header.lane, header.height, digest_of(header), true, SignerIndex(static_cast<std::uint16_t>(i)), {}};
        ack.signature = sign(i, epoch, Kind::ack, ack);
        poa.acks.push_back({ack.signer, ack.verified, ack.signature});
    }
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        if (!nodes.empty() && !nodes.contains(i)) continue;
        nodes_[i].certificates.push_back(encode(poa));
        const std::size_t s = nodes_[i].certificates.size() - 1;
        at(1, i, [this, i, s] {
            step(i, StreamMessage{Stream::certificates, s, nodes_[i].certificates[s]},
                 [s](Node& n) { n.certificates_heard = s + 1; });
        });
    }
    return {header.lane, header.height, digest_of(header)};
}

PoA Cluster::bogus_poa(std::size_t lane, Epoch epoch, LaneHeight height) const {
    BatchHeader header;
    header.epoch = epoch;
    header.lane = number(lane);
    header.height = height;
    header.signature = sign(lane, epoch, Kind::batch_header, header);
    PoA poa{header, {}};
    for (std::size_t i = 0; i < nodes_.size(); ++i) {
        const Ack ack{epoch, header.lane, height, digest_of(header), true, SignerIndex(static_cast<std::uint16_t>(i)), {}};
        poa.acks.push_back({ack.signer, true, sign(lane, epoch, Kind::ack, ack)});
    }
    return poa;
}

// ---------------------------------------------------------------------------------------------- what came out

std::size_t Cluster::lowest_height() const {
    std::size_t lowest = height(0);
    for (std::size_t i = 1; i < size(); ++i) lowest = std::min(lowest, height(i));
    return lowest;
}

std::size_t Cluster::highest_height() const {
    std::size_t highest = 0;
    for (std::size_t i = 0; i < size(); ++i) highest = std::max(highest, height(i));
    return highest;
}

LaneHeight Cluster::cut_of(std::size_t node, std::size_t lane) const {
    LaneHeight height;
    for (const FinalBlock& block : nodes_[node].chain)
        for (const CutEntry& entry : block.block.cut_delta)
            if (entry.lane == number(lane)) height = entry.height;
    return height;
}

std::uint64_t Cluster::status(std::size_t node, const std::string& field) const {
    if (nodes_[node].core == nullptr) return UINT64_MAX;
    for (const StatusField& f : nodes_[node].core->status())
        if (f.name == field) return std::get<std::uint64_t>(f.value);
    return UINT64_MAX;
}

std::string Cluster::text(std::size_t node, const std::string& field) const {
    if (nodes_[node].core == nullptr) return "";
    for (const StatusField& f : nodes_[node].core->status())
        if (f.name == field) return std::get<std::string>(f.value);
    return "";
}

Bytes Cluster::ask(std::size_t node, const ConsensusRequest& request) {
    step(node, Request{1, encode(request)});
    return nodes_[node].replies[1];
}

std::string Cluster::disagreement() const {
    std::size_t longest = 0;
    for (std::size_t i = 0; i < size(); ++i)
        if (height(i) > height(longest)) longest = i;
    for (std::size_t i = 0; i < size(); ++i)
        for (std::size_t h = 0; h < height(i); ++h)
            if (chain(i)[h].block != chain(longest)[h].block)
                return "nodes " + std::to_string(i) + " and " + std::to_string(longest) + " at height " + std::to_string(h + 1);
    return "";
}

}  // namespace rondo::harness
