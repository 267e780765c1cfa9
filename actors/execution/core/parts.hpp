#pragma once
#include <optional>

#include "actors/execution/core/store.hpp"
#include "actors/execution/core/trie.hpp"
#include "messages/wire/snapshot.hpp"

/// Parts of a state: the subtrees of its tries. A part is all that lies below a prefix of keys; whoever hands it over gives its
/// leaves, or, if they are too many, the first branch below the prefix. Either is checked against what the part's parent says of
/// it: rebuilt and hashed, so that nothing can be altered, left out or added.
namespace rondo::execution {

/// Not a question for a part of any state: an unknown trie, a prefix that says more than its depth.
[[nodiscard]] bool is_malformed(const PartRequest& part);

/// What to answer, out of a whole copy of the store. PartGone if the copy lacks something, or the question is malformed.
[[nodiscard]] StateMessage part_of(const StoreView& copy, const PartRequest& part);

/// How its parent refers to a part. Of a whole trie (depth 0) only the root hash is known.
using PartRef = NodeRef;
[[nodiscard]] PartRef root_ref(const Hash256& root);

/// The leaves are those of the part: writes them and the branches among them. Nothing otherwise.
[[nodiscard]] std::optional<Child> accept_leaves(StateStore& store, const PartLeaves& leaves, const PartRef& expected);
/// The branch is the first one of the part.
[[nodiscard]] bool is_right(const PartBranch& branch, const PartRef& expected);

/// The part below child `index` of a branch.
[[nodiscard]] PartRequest child_part(const PartRequest& part, const Hash256& path, unsigned depth, unsigned index);

}  // namespace rondo::execution
