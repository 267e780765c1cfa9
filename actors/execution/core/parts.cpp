#include "actors/execution/core/parts.hpp"

#include <algorithm>

#include "actors/execution/core/limits.hpp"
#include "actors/execution/core/modules/module.hpp"
#include "actors/execution/core/tables.hpp"

namespace rondo::execution {
namespace {

constexpr unsigned children_max = 16;

/// The first key of the flat table beyond a part; empty: the table ends with it.
Bytes end_of(const PartRequest& part) {
    Hash256 next = part.prefix;
    unsigned at = part.depth;
    while (at > 0) {
        const unsigned value = nibble(next, --at);
        next = prefix_of(next, at);
        if (value + 1 < children_max) {
            next.bytes[at / 2] |= static_cast<std::uint8_t>((value + 1) << (at % 2 == 0 ? 4 : 0));
            return flat_key(part.trie, next);
        }
    }
    return part.trie == account_trie ? Bytes{} : Bytes{static_cast<std::uint8_t>(part.trie + 1)};
}

Hash256 key_in(ByteView flat) { return *Hash256::from(flat.last(Hash256::size_bytes)); }

std::optional<std::vector<StateLeaf>> leaves_of(const StoreView& copy, const PartRequest& part, const Bytes& end) {
    std::vector<StateLeaf> leaves;
    std::size_t bytes = 0;
    bool fits = true;
    copy.scan(flat_table(part.trie), flat_key(part.trie, part.prefix), end, [&](ByteView key, ByteView value) {
        bytes += Hash256::size_bytes + value.size();
        fits = leaves.size() < part_leaves_max && bytes <= part_bytes_max;
        if (fits) leaves.push_back({key_in(key), to_bytes(value)});
        return fits;
    });
    return fits ? std::optional(std::move(leaves)) : std::nullopt;
}

std::optional<PartBranch> branch_of(const StoreView& copy, const PartRequest& part, const Bytes& end) {
    Hash256 first{}, last{};
    const auto note = [](Hash256& key) {
        return [&key](ByteView flat, ByteView) {
            key = key_in(flat);
            return false;
        };
    };
    const Bytes begin = flat_key(part.trie, part.prefix);
    copy.scan(flat_table(part.trie), begin, end, note(first));
    copy.scan_reverse(flat_table(part.trie), begin, end, note(last));
    const unsigned depth = common_nibbles(first, last);
    PartBranch out{part, static_cast<std::uint8_t>(depth), prefix_of(first, depth), {}};
    const auto branch = Trie::find_branch(ViewReader(copy), part.trie, out.path, depth);
    if (!branch) return std::nullopt;
    for (const Child& child : branch->children) out.children.push_back(to_bytes(child.ref.view()));
    return out;
}

bool is_expected(const NodeRef& found, const PartRef& expected, unsigned depth) {
    if (depth == 0) return root_hash(found).bytes == expected.bytes;
    return found.size == expected.size && found.bytes == expected.bytes;
}

/// In the part, ascending, and of a size that a leaf may have.
bool is_well_formed(const PartLeaves& leaves) {
    if (leaves.leaves.empty() || leaves.leaves.size() > part_leaves_max) return false;
    const Hash256* before = nullptr;
    for (const StateLeaf& leaf : leaves.leaves) {
        if (leaf.value.empty() || leaf.value.size() > leaf_value_bytes_max) return false;
        if (prefix_of(leaf.key, leaves.part.depth) != leaves.part.prefix) return false;
        if (before != nullptr && leaf.key <= *before) return false;
        before = &leaf.key;
    }
    return true;
}

}  // namespace

bool is_malformed(const PartRequest& part) {
    const auto& modules = all_modules();
    const bool is_trie = part.trie == account_trie || std::any_of(modules.begin(), modules.end(), [&](const Address& module) {
                             return storage_trie(module) == part.trie;
                         });
    return !is_trie || part.depth >= key_nibbles || prefix_of(part.prefix, part.depth) != part.prefix;
}

StateMessage part_of(const StoreView& copy, const PartRequest& part) {
    if (is_malformed(part)) return PartGone{part};
    const Bytes end = end_of(part);
    if (auto leaves = leaves_of(copy, part, end)) return PartLeaves{part, std::move(*leaves)};
    auto branch = branch_of(copy, part, end);
    return branch ? StateMessage(std::move(*branch)) : StateMessage(PartGone{part});
}

PartRef root_ref(const Hash256& root) { return {Hash256::size_bytes, root.bytes}; }

std::optional<Child> accept_leaves(StateStore& store, const PartLeaves& leaves, const PartRef& expected) {
    if (!is_well_formed(leaves)) return std::nullopt;
    std::vector<TrieChange> changes;
    changes.reserve(leaves.leaves.size());
    for (const StateLeaf& leaf : leaves.leaves) changes.push_back({leaf.key, leaf.value});
    const PartRequest& part = leaves.part;
    Overlay scratch(store);
    const Child top = Trie::build(scratch, part.trie, part.depth, changes);
    if (!is_expected(top.ref, expected, part.depth)) return std::nullopt;
    for (TrieChange& leaf : changes) store.put(flat_table(part.trie), flat_key(part.trie, leaf.key), std::move(leaf.value));
    for (Record& record : scratch.take_records()) {
        auto& put = std::get<Put>(record);  // a new subtree erases nothing
        store.put(put.table, std::move(put.key), std::move(put.value));
    }
    return top;
}

bool is_right(const PartBranch& branch, const PartRef& expected) {
    const PartRequest& part = branch.part;
    if (branch.depth < part.depth || branch.depth >= key_nibbles || branch.children.size() != children_max) return false;
    if (prefix_of(branch.path, branch.depth) != branch.path || prefix_of(branch.path, part.depth) != part.prefix) return false;
    Branch rebuilt;
    for (unsigned i = 0; i < children_max; ++i) {
        const Bytes& ref = branch.children[i];
        if (ref.size() > Hash256::size_bytes) return false;
        rebuilt.children[i].ref.size = static_cast<std::uint8_t>(ref.size());
        std::copy(ref.begin(), ref.end(), rebuilt.children[i].ref.bytes.begin());
    }
    Bytes scratch;
    const NodeRef found = extension_ref(branch.path, part.depth, branch.depth, branch_ref(rebuilt), scratch);
    return is_expected(found, expected, part.depth);
}

PartRequest child_part(const PartRequest& part, const Hash256& path, unsigned depth, unsigned index) {
    PartRequest out{part.height, part.trie, static_cast<std::uint8_t>(depth + 1), path};
    out.prefix.bytes[depth / 2] |= static_cast<std::uint8_t>(index << (depth % 2 == 0 ? 4 : 0));
    return out;
}

}  // namespace rondo::execution
