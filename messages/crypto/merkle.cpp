#include "messages/crypto/merkle.hpp"

#include "messages/base/require.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::crypto {
namespace {

constexpr std::uint8_t leaf_prefix = 0x00, node_prefix = 0x01;

Digest node_of(const Digest& left, const Digest& right) {
    return blake2b({ByteView(&node_prefix, 1), left.view(), right.view()});
}

/// Joins neighbours; a last one without a neighbour moves up as it is. Repeated, this is RFC 6962's split at
/// the largest power of two below the count.
void climb(std::vector<Digest>& level) {
    const std::size_t pairs = level.size() / 2;
    for (std::size_t i = 0; i < pairs; ++i) level[i] = node_of(level[2 * i], level[2 * i + 1]);
    if (level.size() % 2 == 1) level[pairs] = level.back();
    level.resize((level.size() + 1) / 2);
}

}  // namespace

Digest merkle_leaf(ByteView data) { return blake2b({ByteView(&leaf_prefix, 1), data}); }

Digest merkle_root(const std::vector<Digest>& leaves) {
    if (leaves.empty()) return blake2b(ByteView{});
    std::vector<Digest> level = leaves;
    while (level.size() > 1) climb(level);
    return level.front();
}

std::vector<Digest> merkle_path(const std::vector<Digest>& leaves, std::size_t index) {
    require(index < leaves.size(), "a Merkle path to a leaf that is not there");
    std::vector<Digest> path;
    std::vector<Digest> level = leaves;
    for (; level.size() > 1; index /= 2) {
        const std::size_t sibling = index ^ 1U;
        if (sibling < level.size()) path.push_back(level[sibling]);
        climb(level);
    }
    return path;
}

// RFC 9162, section 2.1.3.2.
bool merkle_verify(const Digest& root, std::uint64_t leaf_count, std::uint64_t index, const Digest& leaf,
                   const std::vector<Digest>& path) {
    if (index >= leaf_count) return false;
    std::uint64_t position = index;
    std::uint64_t last = leaf_count - 1;
    Digest reached = leaf;
    for (const Digest& sibling : path) {
        if (last == 0) return false;
        if (position % 2 == 1 || position == last) {
            reached = node_of(sibling, reached);
            for (; position % 2 == 0 && position != 0; position /= 2) last /= 2;
        } else {
            reached = node_of(reached, sibling);
        }
        position /= 2;
        last /= 2;
    }
    return last == 0 && reached == root;
}

}  // namespace rondo::crypto
