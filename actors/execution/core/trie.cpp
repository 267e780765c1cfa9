#include "actors/execution/core/trie.hpp"

#include <algorithm>

#include "actors/execution/core/tables.hpp"
#include "messages/base/require.hpp"

namespace rondo::execution {
namespace {

constexpr std::uint8_t root_marker = 0xff;

Bytes node_key(TrieId trie, const Hash256& path, unsigned depth) {
    Bytes key;
    key.reserve(2 + 32);
    key.push_back(trie);
    key.push_back(static_cast<std::uint8_t>(depth));
    append(key, path.view().first((depth + 1) / 2));
    return key;
}

Bytes root_key(TrieId trie) { return {trie, root_marker}; }

using Changes = std::span<const TrieChange* const>;

/// The part of ascending changes whose nibble at `depth` equals that of the first.
Changes same_nibble(Changes changes, unsigned depth) {
    const unsigned wanted = nibble(changes.front()->key, depth);
    std::size_t count = 1;
    while (count < changes.size() && nibble(changes[count]->key, depth) == wanted) ++count;
    return changes.first(count);
}

}  // namespace

Bytes flat_key(TrieId trie, const Hash256& key) {
    Bytes out;
    out.reserve(33);
    if (trie != account_trie) out.push_back(trie);
    append(out, key.view());
    return out;
}

Table flat_table(TrieId trie) { return trie == account_trie ? tables::accounts : tables::storage; }

Trie::Trie(TrieId id, bool keep_upper_branches) : id_(id) {
    if (keep_upper_branches) upper_.resize(cached_branches_max);
}

std::unique_ptr<Branch>* Trie::cache_slot(const Hash256& path, unsigned depth) {
    if (upper_.empty() || depth > cached_depth_max) return nullptr;
    std::size_t slot = 0;
    std::size_t first_of_depth = 0;
    for (unsigned i = 0, width = 1; i < depth; ++i, width *= 16) {
        slot = slot * 16 + nibble(path, i);
        first_of_depth += width;
    }
    return &upper_[first_of_depth + slot];
}

/// One update. `start` is the nibble at which the subtree hangs below its parent: the reference that a step returns
/// covers the path from there.
struct Trie::Pass {
    Trie& trie;
    StateStore& store;
    Bytes scratch{};

    Child apply(const Child& old, unsigned start, Changes changes);
    Child apply_to_leaf(const Child& leaf, unsigned start, Changes changes);
    Child apply_to_branch(const Child& old, unsigned start, Changes changes);
    Child split(const Child& old, unsigned start, unsigned at, Changes changes);
    Child build(unsigned start, Changes changes);
    void distribute(Branch& branch, unsigned depth, Changes changes);
    Child close(Branch& branch, const Hash256& path, unsigned start, unsigned depth, bool existed);
    Child hang(const Child& child, unsigned start);
    Child leaf(const TrieChange& change, unsigned start);
    [[nodiscard]] Branch load(const Hash256& path, unsigned depth) const;
};

Child Trie::Pass::leaf(const TrieChange& change, unsigned start) {
    return {leaf_ref(change.key, start, change.value, scratch), key_nibbles, change.key};
}

Branch Trie::Pass::load(const Hash256& path, unsigned depth) const {
    const auto record = store.get(tables::nodes, node_key(trie.id_, path, depth));
    require(record.has_value(), "a trie node is missing");
    return decode_branch_record(*record, path, depth);
}

/// The same subtree below another parent: what is above it changed, so its reference must be made again.
Child Trie::Pass::hang(const Child& child, unsigned start) {
    Child out = child;
    if (child.is_leaf()) {
        const auto value = store.get(flat_table(trie.id_), flat_key(trie.id_, child.key));
        require(value.has_value(), "a leaf without a flat value");
        out.ref = leaf_ref(child.key, start, *value, scratch);
        return out;
    }
    const auto* slot = trie.cache_slot(child.key, child.depth);
    const NodeRef below = slot != nullptr && *slot ? branch_ref(**slot) : branch_ref(load(child.key, child.depth));
    out.ref = extension_ref(child.key, start, child.depth, below, scratch);
    return out;
}

Child Trie::Pass::apply(const Child& old, unsigned start, Changes changes) {
    if (old.empty()) return build(start, changes);
    if (old.is_leaf()) return apply_to_leaf(old, start, changes);
    // Ascending keys: the first or the last leaves the common path earliest.
    const unsigned shared = std::min(common_nibbles(old.key, changes.front()->key), common_nibbles(old.key, changes.back()->key));
    if (shared < old.depth) return split(old, start, shared, changes);
    return apply_to_branch(old, start, changes);
}

Child Trie::Pass::apply_to_leaf(const Child& old, unsigned start, Changes changes) {
    const auto at = std::lower_bound(changes.begin(), changes.end(), old.key,
                                     [](const TrieChange* c, const Hash256& key) { return c->key < key; });
    if (at != changes.end() && (*at)->key == old.key) return build(start, changes);
    const auto value = store.get(flat_table(trie.id_), flat_key(trie.id_, old.key));
    require(value.has_value(), "a leaf without a flat value");
    const TrieChange unchanged{old.key, to_bytes(*value)};
    std::vector<const TrieChange*> all(changes.begin(), at);
    all.push_back(&unchanged);
    all.insert(all.end(), at, changes.end());
    return build(start, all);
}

Child Trie::Pass::apply_to_branch(const Child& old, unsigned start, Changes changes) {
    auto* slot = trie.cache_slot(old.key, old.depth);
    if (slot == nullptr) {
        Branch branch = load(old.key, old.depth);
        distribute(branch, old.depth, changes);
        return close(branch, old.key, start, old.depth, true);
    }
    if (!*slot) *slot = std::make_unique<Branch>(load(old.key, old.depth));
    distribute(**slot, old.depth, changes);
    return close(**slot, old.key, start, old.depth, true);
}

/// A change leaves the extension above `old` at nibble `at`: a new branch stands there.
Child Trie::Pass::split(const Child& old, unsigned start, unsigned at, Changes changes) {
    Branch branch;
    Child& below = branch.children[nibble(old.key, at)];
    below = old;
    const Hash256 path = prefix_of(old.key, at);
    const bool kept_as_is = std::none_of(changes.begin(), changes.end(),
                                         [&](const TrieChange* c) { return nibble(c->key, at) == nibble(old.key, at); });
    if (kept_as_is) below = hang(old, at + 1);
    distribute(branch, at, changes);
    return close(branch, path, start, at, false);
}

Child Trie::Pass::build(unsigned start, Changes changes) {
    std::vector<const TrieChange*> present;
    if (std::any_of(changes.begin(), changes.end(), [](const TrieChange* c) { return c->value.empty(); })) {
        std::copy_if(changes.begin(), changes.end(), std::back_inserter(present),
                     [](const TrieChange* c) { return !c->value.empty(); });
        changes = present;
    }
    if (changes.empty()) return {};
    if (changes.size() == 1) return leaf(*changes.front(), start);
    const unsigned depth = common_nibbles(changes.front()->key, changes.back()->key);
    Branch branch;
    distribute(branch, depth, changes);
    return close(branch, prefix_of(changes.front()->key, depth), start, depth, false);
}

void Trie::Pass::distribute(Branch& branch, unsigned depth, Changes changes) {
    while (!changes.empty()) {
        const Changes group = same_nibble(changes, depth);
        Child& child = branch.children[nibble(group.front()->key, depth)];
        child = apply(child, depth + 1, group);
        changes = changes.subspan(group.size());
    }
}

/// Stores a branch with two children or more; one with fewer dissolves into what is left of it.
Child Trie::Pass::close(Branch& branch, const Hash256& path, unsigned start, unsigned depth, bool existed) {
    const auto count = std::count_if(branch.children.begin(), branch.children.end(), [](const Child& c) { return !c.empty(); });
    auto* slot = trie.cache_slot(path, depth);
    if (count >= 2) {
        store.put(tables::nodes, node_key(trie.id_, path, depth), encode_branch_record(branch, depth));
        const NodeRef ref = extension_ref(path, start, depth, branch_ref(branch), scratch);
        if (slot != nullptr && !*slot) *slot = std::make_unique<Branch>(branch);
        return {ref, static_cast<std::uint8_t>(depth), path};
    }
    Child rest;
    for (const Child& child : branch.children)
        if (!child.empty()) rest = child;
    if (existed) store.erase(tables::nodes, node_key(trie.id_, path, depth));
    if (slot != nullptr) slot->reset();  // `branch` may end here
    return rest.empty() ? rest : hang(rest, start);
}

Hash256 Trie::update(StateStore& store, std::span<const TrieChange> changes) {
    if (changes.empty()) return root(store);
    std::vector<const TrieChange*> pointers;
    pointers.reserve(changes.size());
    for (const TrieChange& change : changes) {
        require(pointers.empty() || pointers.back()->key < change.key, "changes of a trie out of order");
        pointers.push_back(&change);
    }
    const auto old = store.get(tables::nodes, root_key(id_));
    Pass pass{*this, store};
    const Child top = pass.apply(old ? decode_child_record(*old) : Child{}, 0, pointers);
    put_root(store, id_, top);
    return root_hash(top.ref);
}

void Trie::put_root(StateStore& store, TrieId id, const Child& top) {
    if (top.empty())
        store.erase(tables::nodes, root_key(id));
    else
        store.put(tables::nodes, root_key(id), encode_child_record(top));
}

Child Trie::build(StateStore& store, TrieId id, unsigned start, std::span<const TrieChange> leaves) {
    std::vector<const TrieChange*> pointers;
    pointers.reserve(leaves.size());
    for (const TrieChange& leaf : leaves) pointers.push_back(&leaf);
    Trie trie(id);
    return Pass{trie, store}.build(start, pointers);
}

std::optional<Branch> Trie::find_branch(const StateReader& store, TrieId id, const Hash256& path, unsigned depth) {
    const auto record = store.get(tables::nodes, node_key(id, path, depth));
    return record ? std::optional(decode_branch_record(*record, path, depth)) : std::nullopt;
}

void Trie::put_branch(StateStore& store, TrieId id, const Hash256& path, unsigned depth, const Branch& branch) {
    store.put(tables::nodes, node_key(id, path, depth), encode_branch_record(branch, depth));
}

Hash256 Trie::root(const StateReader& store) const {
    const auto record = store.get(tables::nodes, root_key(id_));
    return record ? root_hash(decode_child_record(*record).ref) : empty_root();
}

}  // namespace rondo::execution
