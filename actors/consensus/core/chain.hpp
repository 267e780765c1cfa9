#pragma once
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "actors/consensus/core/records.hpp"

namespace rondo::consensus {

/// The tree of bodies above the newest final block (the floor) of one epoch. A body is *linked* when its ancestors are known
/// down to the floor; others wait. Only well-formed bodies may enter (proposals.hpp).
class Chain {
  public:
    explicit Chain(Block floor) : floor_(std::move(floor)) {}

    [[nodiscard]] const Block& floor() const { return floor_; }
    /// The floor itself, or a linked block above it.
    [[nodiscard]] const Block* find(View view, const Digest& digest) const;
    /// Linked or waiting.
    [[nodiscard]] std::shared_ptr<const Body> body(View view, const Digest& digest) const;
    [[nodiscard]] std::shared_ptr<const Body> body(const Digest& digest) const;
    [[nodiscard]] std::size_t bodies_in(View view) const;

    void add(const Digest& digest, Body body);

    /// From just above the floor up to the block; nothing if it is not linked.
    [[nodiscard]] std::optional<std::vector<Block>> path_to(View view, const Digest& digest) const;
    /// The block becomes the floor; what does not descend from it is dropped. It must be linked.
    void raise_floor(View view, const Digest& digest);
    /// A new epoch begins on this block.
    void restart(Block floor);

  private:
    using Key = std::pair<View, Digest>;
    [[nodiscard]] Block link(const Digest& digest, std::shared_ptr<const Body> body, const Block& parent) const;
    bool link_one_waiting();

    Block floor_;
    std::map<Key, Block> linked_;
    std::map<Key, std::shared_ptr<const Body>> waiting_;
};

}  // namespace rondo::consensus
