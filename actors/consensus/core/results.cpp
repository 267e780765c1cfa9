#include "actors/consensus/core/results.hpp"

#include "actors/consensus/core/limits.hpp"
#include "actors/consensus/core/tables.hpp"
#include "messages/codec/codec.hpp"

namespace rondo::consensus {

Results::Results(const StoreView& store) {
    own_.emplace(Height(0), Own{});  // genesis: nothing executed, nobody jailed
    store.scan(tables::results, {}, {}, [&](ByteView key, ByteView value) {
        auto own = decode<Own>(value);
        require(own.has_value(), "a stored result decodes");
        head_ = Height(read_be64(key));
        own_.insert_or_assign(head_, std::move(*own));
        return true;
    });
}

std::optional<Digest> Results::find(Height height) const {
    const auto it = own_.find(height);
    if (it == own_.end()) return std::nullopt;
    return it->second.digest;
}

const std::vector<OperatorNumber>* Results::jailed_at(Height height) const {
    const auto it = own_.find(height);
    return it == own_.end() ? nullptr : &it->second.jailed;
}

void Results::learn(Turn& turn, const ExecutedBlock& executed) {
    if (executed.height <= head_) return;
    head_ = executed.height;
    const Own& own = own_.insert_or_assign(head_, Own{executed.result_digest, executed.jailed}).first->second;
    turn.effects.put(tables::results, tables::key(head_), encode(own));
}

bool Results::agrees_with(const ExecutedRef& cited) {
    const auto mine = find(cited.height);
    if (mine) return *mine == cited.result_digest;
    if (cited.height > head_) unchecked_.insert_or_assign(cited.height, cited.result_digest);
    if (unchecked_.size() > unchecked_citations_max) unchecked_.erase(unchecked_.begin());
    return true;
}

bool Results::agrees_with_citations(Height height) {
    const auto it = unchecked_.find(height);
    if (it == unchecked_.end()) return true;
    const auto mine = find(height);
    const bool agrees = !mine || *mine == it->second;
    unchecked_.erase(unchecked_.begin(), std::next(it));
    return agrees;
}

void Results::prune_below(Turn& turn, Height height) {
    const auto end = own_.lower_bound(height);
    if (own_.begin() == end) return;
    own_.erase(own_.begin(), end);
    turn.effects.records.push_back(EraseRange{tables::results, {}, tables::key(height)});
}

}  // namespace rondo::consensus
