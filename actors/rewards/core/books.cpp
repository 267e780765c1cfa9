#include "actors/rewards/core/books.hpp"

#include <algorithm>

#include "messages/base/require.hpp"
#include "messages/codec/codec.hpp"

namespace rondo::rewards {
namespace {

const Bytes tally_key = to_bytes(as_bytes("tally"));

Bytes be64_key(std::uint64_t number) {
    Bytes key;
    append_be64(key, number);
    return key;
}

template <class T>
T decode_own(ByteView value) {
    auto decoded = decode<T>(value);
    require(decoded.has_value(), "a record of our own store does not decode");
    return std::move(*decoded);
}

struct Count {
    SignerIndex signer;
    std::uint64_t count = 0;
    static auto fields(auto& v) { return std::tie(v.signer, v.count); }
};
/// The open epoch as it is stored.
struct StoredTally {
    Height booked;
    Height unknown_below;
    Wei pot;
    std::vector<Count> led;
    std::vector<Count> votes;
    std::vector<LaneFees> carried;
    static auto fields(auto& v) { return std::tie(v.booked, v.unknown_below, v.pot, v.led, v.votes, v.carried); }
};

std::vector<Count> counts_of(const std::map<SignerIndex, std::uint64_t>& map) {
    std::vector<Count> out;
    for (const auto& [signer, count] : map) out.push_back({signer, count});
    return out;
}
std::map<SignerIndex, std::uint64_t> map_of(const std::vector<Count>& counts) {
    std::map<SignerIndex, std::uint64_t> out;
    for (const Count& c : counts) out.emplace(c.signer, c.count);
    return out;
}

Wei add(const Wei& a, const Wei& b) {
    const auto out = checked_add(a, b);
    require(out.has_value(), "a sum of fees overflowed");
    return *out;
}

/// in = given + carried, or nothing is said at all.
void check_conservation(const Book& book) {
    Wei given = book.carried;
    for (const Entry& entry : book.entries) given = add(given, entry.cumulative);
    require(given == book.total, "rewards are not conserved");
}

/// Facts that came in this step, or earlier.
template <class T>
std::optional<T> facts_at(const StoreView& view, Table table, const std::map<Height, T>& fresh, Height height) {
    if (const auto it = fresh.find(height); it != fresh.end()) return it->second;
    if (const auto stored = view.get(table, be64_key(height.value))) return decode_own<T>(*stored);
    return std::nullopt;
}

}  // namespace

Books::Books(const StoreView& view, Tables tables, const Genesis& genesis)
    : view_(view), tables_(tables), contexts_(view, tables.contexts, genesis) {
    if (const auto stored = view.get(tables.state, tally_key)) {
        const auto tally = decode_own<StoredTally>(*stored);
        booked_ = tally.booked;
        unknown_below_ = tally.unknown_below;
        tally_.pot = tally.pot;
        tally_.led = map_of(tally.led);
        tally_.votes = map_of(tally.votes);
        for (const LaneFees& lane : tally.carried) tally_.carried.emplace(lane.lane, lane.fees);
    }
    view.scan_reverse(tables.closed, {}, {}, [&](ByteView, ByteView value) {
        newest_ = decode_own<Book>(value);
        return false;
    });
}

void Books::begin_step() {
    fresh_blocks_.clear();
    fresh_results_.clear();
    fresh_books_.clear();
}

void Books::begin_at(Height height, Effects& effects) {
    if (booked_.value != 0) return;
    booked_ = unknown_below_ = height;
    save(effects);
}

void Books::add_block(const Proposal& block, Effects& effects) {
    if (block.height <= booked_ || unknown_below_.value != 0) return;
    BlockFacts facts{block.epoch, block.leader, {}};
    for (const VoteRecord& vote : block.votes)
        if (vote.vote != VoteKind::nullify) facts.voters.push_back(vote.signer);
    effects.put(tables_.waiting_blocks, be64_key(block.height.value), encode(facts));
    fresh_blocks_.emplace(block.height, std::move(facts));
    book_what_is_here(effects);
}

void Books::add_result(const ExecutedBlock& executed, Effects& effects) {
    if (executed.height <= booked_ || unknown_below_.value != 0) return;
    ResultFacts facts{executed.lane_fees, {}, executed.contexts};
    if (!executed.contexts.empty()) facts.jailed = executed.jailed;
    effects.put(tables_.waiting_results, be64_key(executed.height.value), encode(facts));
    fresh_results_.emplace(executed.height, std::move(facts));
    book_what_is_here(effects);
}

void Books::book_what_is_here(Effects& effects) {
    const Height before = booked_;
    while (true) {
        const Height next = booked_.next();
        const auto block = facts_at(view_, tables_.waiting_blocks, fresh_blocks_, next);
        const auto result = block ? facts_at(view_, tables_.waiting_results, fresh_results_, next) : std::nullopt;
        if (!result) break;
        booked_ = next;
        book(*block, *result, effects);
        effects.erase(tables_.waiting_blocks, be64_key(next.value));
        effects.erase(tables_.waiting_results, be64_key(next.value));
    }
    if (booked_ != before) save(effects);
}

void Books::book(const BlockFacts& block, const ResultFacts& result, Effects& effects) {
    for (const LaneFees& lane : result.lane_fees) {
        tally_.pot = add(tally_.pot, lane.fees);
        tally_.carried[lane.lane] = add(tally_.carried[lane.lane], lane.fees);
    }
    ++tally_.led[block.leader];
    for (const SignerIndex voter : block.voters) ++tally_.votes[voter];
    if (result.contexts.empty()) return;
    contexts_.learn(result.contexts, effects);
    close(block.epoch, result.jailed, effects);
    contexts_.prune_below(block.epoch, effects);
}

void Books::close(Epoch epoch, std::span<const OperatorNumber> jailed, Effects& effects) {
    const EpochContext* context = contexts_.find(epoch);
    require(context != nullptr, "an epoch ends whose context is unknown");
    const Split parts = split(tally_, newest_.carried, *context, jailed);

    std::map<Address, Wei> earned;
    for (const Entry& entry : newest_.entries) earned.emplace(entry.account, entry.cumulative);
    for (std::size_t i = 0; i < parts.earned.size(); ++i)
        if (parts.earned[i] != 0)
            earned[context->operators[i].fee_address] = add(earned[context->operators[i].fee_address], parts.earned[i]);

    Book book{epoch, tally_.pot, add(newest_.total, tally_.pot), parts.carried_over, {}, {}};
    for (const auto& [account, cumulative] : earned) book.entries.push_back({account, cumulative});
    book.root = ClaimTree(book.entries).root();
    check_conservation(book);
    effects.put(tables_.closed, be64_key(epoch.value), encode(book));
    fresh_books_.insert_or_assign(epoch, book);
    // Nobody attests an epoch without a pot: its book only served to open this one.
    if (newest_.pot == 0) effects.erase(tables_.closed, be64_key(newest_.epoch.value));
    newest_ = std::move(book);
    tally_ = {};
}

void Books::save(Effects& effects) const {
    StoredTally stored{booked_, unknown_below_, tally_.pot, counts_of(tally_.led), counts_of(tally_.votes), {}};
    for (const auto& [lane, fees] : tally_.carried) stored.carried.push_back({lane, fees});
    effects.put(tables_.state, tally_key, encode(stored));
}

std::optional<Book> Books::first_with_pot(Epoch epoch) const {
    std::optional<Book> out;
    const auto look = [&](Book book) {
        if (book.pot != 0 && !book.root.is_zero() && book.epoch >= epoch && (!out || book.epoch < out->epoch))
            out = std::move(book);
        return !out;
    };
    view_.scan(tables_.closed, be64_key(epoch.value), {},
               [&](ByteView, ByteView value) { return look(decode_own<Book>(value)); });
    for (const auto& [number, book] : fresh_books_) look(book);
    return out;
}

std::optional<Book> Books::find(Epoch epoch) const {
    if (const auto fresh = fresh_books_.find(epoch); fresh != fresh_books_.end()) return fresh->second;
    const auto stored = view_.get(tables_.closed, be64_key(epoch.value));
    if (!stored) return std::nullopt;
    return decode_own<Book>(*stored);
}

bool Books::may_attest(Epoch epoch, const Address& account) const {
    const EpochContext* context = contexts_.find(epoch);
    if (context == nullptr) context = &contexts_.oldest();
    return std::ranges::any_of(context->operators, [&](const OperatorInfo& o) { return o.rewards_account == account; });
}

/// Never the newest: the next epoch is built on it.
void Books::forget_below(Epoch epoch, Effects& effects) {
    const Epoch to = std::min(epoch, newest_.epoch);
    if (to.value > 0) effects.records.push_back(EraseRange{tables_.closed, be64_key(0), be64_key(to.value)});
}

}  // namespace rondo::rewards
