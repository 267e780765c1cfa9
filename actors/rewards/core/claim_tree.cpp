#include "actors/rewards/core/claim_tree.hpp"

#include <algorithm>

#include "messages/crypto/hash.hpp"
#include "messages/ethereum/abi.hpp"

namespace rondo::rewards {
namespace {

Hash256 node_of(const Hash256& a, const Hash256& b) {
    Bytes both = to_bytes(std::min(a, b).view());
    append(both, std::max(a, b).view());
    return crypto::keccak256(both);
}

}  // namespace

Hash256 claim_leaf(const Entry& entry) {
    const Hash256 inner = crypto::keccak256(abi::Encoder().address(entry.account).number(entry.cumulative).arguments());
    return crypto::keccak256(inner.view());
}

ClaimTree::ClaimTree(const std::vector<Entry>& entries) : leaves_(entries.size()) {
    if (entries.empty()) return;
    std::vector<Hash256> leaves;
    for (const Entry& entry : entries) leaves.push_back(claim_leaf(entry));
    std::sort(leaves.begin(), leaves.end());
    heap_.resize(2 * leaves_ - 1);
    for (std::size_t i = 0; i < leaves_; ++i) heap_[heap_.size() - 1 - i] = leaves[i];
    for (std::size_t i = leaves_ - 1; i-- > 0;) heap_[i] = node_of(heap_[2 * i + 1], heap_[2 * i + 2]);
}

Hash256 ClaimTree::root() const { return heap_.empty() ? Hash256{} : heap_[0]; }

std::optional<std::vector<Word256>> ClaimTree::proof(const Entry& entry) const {
    if (heap_.empty()) return std::nullopt;
    const auto first_leaf = heap_.begin() + static_cast<std::ptrdiff_t>(leaves_ - 1);
    const auto found = std::find(first_leaf, heap_.end(), claim_leaf(entry));
    if (found == heap_.end()) return std::nullopt;
    std::vector<Word256> out;
    for (auto i = static_cast<std::size_t>(found - heap_.begin()); i > 0; i = (i - 1) / 2)
        out.push_back(*Word256::from(heap_[i % 2 == 1 ? i + 1 : i - 1].view()));
    return out;
}

bool proves(const Hash256& root, const Entry& entry, const std::vector<Word256>& proof) {
    Hash256 node = claim_leaf(entry);
    for (const Word256& sibling : proof) node = node_of(node, *Hash256::from(sibling.view()));
    return node == root;
}

}  // namespace rondo::rewards
