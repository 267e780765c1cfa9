#include "actors/consensus/core/chain.hpp"

#include <algorithm>

namespace rondo::consensus {
namespace {

template <class Map>
std::size_t count_in(const Map& map, View view) {
    const auto first = map.lower_bound({view, Digest{}});
    return static_cast<std::size_t>(std::distance(first, map.lower_bound({view.next(), Digest{}})));
}

}  // namespace

const Block* Chain::find(View view, const Digest& digest) const {
    if (view == floor_.view) return digest == floor_.digest ? &floor_ : nullptr;
    const auto it = linked_.find({view, digest});
    return it == linked_.end() ? nullptr : &it->second;
}

std::shared_ptr<const Body> Chain::body(View view, const Digest& digest) const {
    if (const auto it = linked_.find({view, digest}); it != linked_.end()) return it->second.body;
    if (const auto it = waiting_.find({view, digest}); it != waiting_.end()) return it->second;
    return nullptr;
}

std::shared_ptr<const Body> Chain::body(const Digest& digest) const {
    for (const auto& [key, block] : linked_)
        if (key.second == digest) return block.body;
    for (const auto& [key, body] : waiting_)
        if (key.second == digest) return body;
    return nullptr;
}

std::size_t Chain::bodies_in(View view) const { return count_in(linked_, view) + count_in(waiting_, view); }

void Chain::add(const Digest& digest, Body body) {
    const View view = view_of(body);
    if (view <= floor_.view || this->body(view, digest) != nullptr) return;
    waiting_.emplace(Key{view, digest}, std::make_shared<const Body>(std::move(body)));
    while (link_one_waiting()) {
    }
}

bool Chain::link_one_waiting() {
    for (auto it = waiting_.begin(); it != waiting_.end(); ++it) {
        const Block* parent = find(parent_view_of(*it->second), parent_digest_of(*it->second));
        if (parent == nullptr || parent->view >= it->first.first) continue;
        linked_.emplace(it->first, link(it->first.second, it->second, *parent));
        waiting_.erase(it);
        return true;
    }
    return false;
}

Block Chain::link(const Digest& digest, std::shared_ptr<const Body> body, const Block& parent) const {
    Block block = parent;
    block.view = view_of(*body);
    block.parent_view = parent.view;
    block.digest = digest;
    block.parent_digest = parent.digest;
    block.tail = proposal_in(*body) == nullptr;
    if (const Proposal* proposal = proposal_in(*body)) {
        block.height = proposal->height;
        block.timestamp_ms = proposal->timestamp_ms;
        block.executed = proposal->executed;
        block.ends_epoch = proposal->next_set_hash.has_value();
        if (!proposal->cut_delta.empty()) block.cut = std::make_shared<const Cut>(advance(*parent.cut, proposal->cut_delta));
    }
    block.body = std::move(body);
    return block;
}

std::optional<std::vector<Block>> Chain::path_to(View view, const Digest& digest) const {
    std::vector<Block> path;
    const Block* block = find(view, digest);
    while (block != nullptr && block != &floor_) {
        path.push_back(*block);
        block = find(block->parent_view, block->parent_digest);
    }
    if (block == nullptr) return std::nullopt;
    std::reverse(path.begin(), path.end());
    return path;
}

void Chain::raise_floor(View view, const Digest& digest) {
    const Block* block = find(view, digest);
    require(block != nullptr, "only a linked block becomes final");
    floor_ = *block;
    floor_.body = nullptr;
    std::map<Key, Block> kept;
    // In the order of views a parent comes before its children.
    for (auto& [key, candidate] : linked_) {
        if (key.first <= view) continue;
        const Key parent{candidate.parent_view, candidate.parent_digest};
        if (parent == Key{view, digest} || kept.contains(parent)) kept.emplace(key, std::move(candidate));
    }
    linked_ = std::move(kept);
    waiting_.erase(waiting_.begin(), waiting_.lower_bound({view.next(), Digest{}}));
}

void Chain::restart(Block floor) {
    floor_ = std::move(floor);
    linked_.clear();
    waiting_.clear();
}

}  // namespace rondo::consensus
