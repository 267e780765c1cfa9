#include "messages/crypto/merkle.hpp"

#include <gtest/gtest.h>

#include "messages/crypto/hash.hpp"

using namespace rondo;
using crypto::merkle_leaf;
using crypto::merkle_path;
using crypto::merkle_root;
using crypto::merkle_verify;

namespace {

std::vector<Digest> leaves_of(std::size_t count) {
    std::vector<Digest> out;
    for (std::size_t i = 0; i < count; ++i) {
        const auto byte = static_cast<std::uint8_t>(i);
        out.push_back(merkle_leaf(ByteView(&byte, 1)));
    }
    return out;
}

/// RFC 6962, section 2.1, word by word.
Digest root_by_definition(std::span<const Digest> leaves) {
    if (leaves.empty()) return crypto::blake2b(ByteView{});
    if (leaves.size() == 1) return leaves[0];
    std::size_t k = 1;
    while (2 * k < leaves.size()) k *= 2;
    Bytes node{0x01};
    append(node, root_by_definition(leaves.first(k)).view());
    append(node, root_by_definition(leaves.subspan(k)).view());
    return crypto::blake2b(node);
}

constexpr std::size_t counts_max = 70;

}  // namespace

TEST(Merkle, HasTheRootOfRfc6962) {
    for (std::size_t n = 0; n <= counts_max; ++n) EXPECT_EQ(merkle_root(leaves_of(n)), root_by_definition(leaves_of(n))) << n;
}

TEST(Merkle, EveryLeafProvesItsPlaceAndNoOther) {
    for (std::size_t n = 1; n <= counts_max; ++n) {
        const auto leaves = leaves_of(n);
        const Digest root = merkle_root(leaves);
        for (std::size_t i = 0; i < n; ++i) {
            const auto path = merkle_path(leaves, i);
            ASSERT_TRUE(merkle_verify(root, n, i, leaves[i], path)) << i << " of " << n;
            for (std::size_t j = 0; j <= n; ++j) ASSERT_EQ(merkle_verify(root, n, j, leaves[i], path), i == j) << n;
        }
    }
}

TEST(Merkle, RefusesAnotherRootLeafOrPath) {
    const auto leaves = leaves_of(13);
    const Digest root = merkle_root(leaves);
    auto path = merkle_path(leaves, 5);
    EXPECT_FALSE(merkle_verify(root, 13, 5, leaves[6], path));
    EXPECT_FALSE(merkle_verify(leaves[0], 13, 5, leaves[5], path));
    EXPECT_FALSE(merkle_verify(root, 0, 0, leaves[5], path));
    auto longer = path;
    longer.push_back(root);
    EXPECT_FALSE(merkle_verify(root, 13, 5, leaves[5], longer));
    path.pop_back();
    EXPECT_FALSE(merkle_verify(root, 13, 5, leaves[5], path));
}

TEST(Merkle, ALeafIsNeverANode) {
    const auto leaves = leaves_of(2);
    Bytes as_data = to_bytes(leaves[0].view());
    append(as_data, leaves[1].view());
    EXPECT_NE(merkle_leaf(as_data), merkle_root(leaves));
}
