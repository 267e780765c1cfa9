#include "actors/consensus/core/results.hpp"

#include "actors/consensus/core/limits.hpp"
#include "actors/consensus/core/tables.hpp"

namespace rondo::consensus {

Results::Results(const StoreView& store) {
    digests_.emplace(Height(0), Digest{});  // genesis: nothing executed
    store.scan(tables::results, {}, {}, [&](ByteView key, ByteView value) {
        const auto digest = Digest::from(value);
        require(digest.has_value(), "a stored result digest has 32 bytes");
        head_ = Height(read_be64(key));
        digests_.insert_or_assign(head_, *digest);
        return true;
    });
}

std::optional<Digest> Results::find(Height height) const {
    const auto it = digests_.find(height);
    if (it == digests_.end()) return std::nullopt;
    return it->second;
}

void Results::learn(Turn& turn, const ExecutedBlock& executed) {
    if (executed.height <= head_) return;
    head_ = executed.height;
    digests_.insert_or_assign(head_, executed.result_digest);
    turn.effects.put(tables::results, tables::key(head_), to_bytes(executed.result_digest.view()));
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
    const auto end = digests_.lower_bound(height);
    if (digests_.begin() == end) return;
    digests_.erase(digests_.begin(), end);
    turn.effects.records.push_back(EraseRange{tables::results, {}, tables::key(height)});
}

}  // namespace rondo::consensus
