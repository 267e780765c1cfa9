#include "actors/execution/core/assembly.hpp"

#include <algorithm>

#include "actors/execution/core/ledger.hpp"
#include "actors/execution/core/modules/module.hpp"
#include "actors/execution/core/records.hpp"
#include "actors/execution/core/tables.hpp"
#include "messages/codec/codec.hpp"

namespace rondo {
template Bytes encode(const execution::Assembly::Progress&);
template tl::expected<execution::Assembly::Progress, codec::DecodeError> decode(ByteView);
template Bytes encode(const execution::Assembly::Waiting&);
template tl::expected<execution::Assembly::Waiting, codec::DecodeError> decode(ByteView);
}  // namespace rondo

namespace rondo::execution {
namespace {

constexpr std::uint8_t progress_row = 0, branch_row = 1;

Bytes branch_key(TrieId trie, unsigned depth, const Hash256& path) {
    Bytes key{branch_row, trie, static_cast<std::uint8_t>(depth)};
    append(key, path.view());
    return key;
}

NodeRef ref_in(const Bytes& bytes) {
    NodeRef ref;
    ref.size = static_cast<std::uint8_t>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), ref.bytes.begin());
    return ref;
}

}  // namespace

Assembly Assembly::begin(StateStore& store, Height height, const Hash256& state_root) {
    Assembly out(store, Progress{height, state_root, 0, 0, {}, 0, 0});
    out.save_progress();
    out.want_next_trie();
    return out;
}

std::optional<Assembly> Assembly::recover(StateStore& store, const StoreView& view) {
    const auto progress = view.get(tables::joining, Bytes{progress_row});
    if (!progress) return std::nullopt;
    Assembly out(store, decode_own<Progress>(*progress));
    view.scan(tables::joining, Bytes{branch_row}, Bytes{branch_row + 1}, [&](ByteView, ByteView value) {
        auto branch = decode_own<Waiting>(value);
        out.want_children(branch);
        const Place place{branch.part.trie, branch.depth, branch.path};
        out.waiting_.emplace(place, std::move(branch));
        return true;
    });
    // A branch that waits for another branch is not asked for again.
    for (const auto& [place, branch] : out.waiting_) out.wanted_.erase(branch.part);
    if (out.waiting_.empty()) out.want_next_trie();
    return out;
}

void Assembly::save_progress() { store_->put(tables::joining, Bytes{progress_row}, encode(progress_)); }

void Assembly::save(const Waiting& branch) {
    store_->put(tables::joining, branch_key(branch.part.trie, branch.depth, branch.path), encode(branch));
}

void Assembly::forget() { store_->erase_range(tables::joining, Bytes{progress_row}, Bytes{branch_row + 1}); }

/// A module without storage has no trie to ask for.
void Assembly::want_next_trie() {
    const auto& modules = all_modules();
    if (progress_.tries == 0) return want({progress_.height, account_trie, 0, {}}, root_ref(progress_.state_root));
    while (progress_.tries <= modules.size()) {
        const Address& module = modules[progress_.tries - 1];
        const Hash256 root = read_account(*store_, module).storage_root;
        if (root != empty_root()) return want({progress_.height, storage_trie(module), 0, {}}, root_ref(root));
        ++progress_.tries;
    }
}

std::optional<PartRequest> Assembly::take_wanted() {
    if (wanted_.empty()) return std::nullopt;
    // The deepest first, so that branches close before others open.
    const auto next = std::prev(wanted_.end());
    const PartRequest part = next->first;
    handed_out_.insert(wanted_.extract(next));
    return part;
}

void Assembly::give_back(const PartRequest& part) {
    if (const auto it = handed_out_.find(part); it != handed_out_.end()) wanted_.insert(handed_out_.extract(it));
}

bool Assembly::accept(const PartLeaves& leaves) {
    const auto taken = handed_out_.find(leaves.part);
    require(taken != handed_out_.end(), "a part that was not asked for");
    const auto top = accept_leaves(*store_, leaves, taken->second);
    if (!top) return false;
    handed_out_.erase(taken);
    count(leaves);
    complete(leaves.part, *top);
    save_progress();
    return true;
}

bool Assembly::accept(const PartBranch& found) {
    const auto taken = handed_out_.find(found.part);
    require(taken != handed_out_.end(), "a part that was not asked for");
    if (!is_right(found, taken->second)) return false;
    handed_out_.erase(taken);
    Waiting branch{found.part, found.depth, found.path, found.children, std::vector<Bytes>(found.children.size())};
    save(branch);
    want_children(branch);
    waiting_.emplace(Place{found.part.trie, found.depth, found.path}, std::move(branch));
    return true;
}

void Assembly::want_children(const Waiting& branch) {
    for (unsigned i = 0; i < branch.refs.size(); ++i)
        if (!branch.refs[i].empty() && branch.done[i].empty())
            want(child_part(branch.part, branch.path, branch.depth, i), ref_in(branch.refs[i]));
}

void Assembly::count(const PartLeaves& leaves) {
    ++progress_.parts;
    for (const StateLeaf& leaf : leaves.leaves) {
        progress_.bytes += leaf.key.view().size() + leaf.value.size();
        if (leaves.part.trie != account_trie) continue;
        ++progress_.accounts;
        const auto sum = checked_add(progress_.supply, decode_account(leaf.value).balance);
        require(sum.has_value(), "the balances of a certified state overflow");
        progress_.supply = *sum;
    }
}

/// The subtree of a part is here: so may be that of its parent, and of all above.
void Assembly::complete(const PartRequest& part, Child child) {
    PartRequest at = part;
    while (at.depth != 0) {
        const auto parent = waiting_.find({at.trie, at.depth - 1U, prefix_of(at.prefix, at.depth - 1U)});
        require(parent != waiting_.end(), "a part without its parent");
        Waiting& branch = parent->second;
        branch.done[nibble(at.prefix, at.depth - 1U)] = encode_child_record(child);
        const auto closed = close(branch);
        if (!closed) return save(branch);
        child = *closed;
        at = branch.part;
        store_->erase(tables::joining, branch_key(branch.part.trie, branch.depth, branch.path));
        waiting_.erase(parent);
    }
    Trie::put_root(*store_, at.trie, child);
    ++progress_.tries;
    want_next_trie();
}

/// Nothing while a child is missing.
std::optional<Child> Assembly::close(const Waiting& branch) {
    Branch whole;
    for (unsigned i = 0; i < branch.refs.size(); ++i) {
        if (branch.refs[i].empty()) continue;
        if (branch.done[i].empty()) return std::nullopt;
        whole.children[i] = decode_child_record(branch.done[i]);
    }
    Trie::put_branch(*store_, branch.part.trie, branch.path, branch.depth, whole);
    Bytes scratch;
    const NodeRef ref = extension_ref(branch.path, branch.part.depth, branch.depth, branch_ref(whole), scratch);
    return Child{ref, branch.depth, branch.path};
}

}  // namespace rondo::execution
