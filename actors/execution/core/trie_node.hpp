#pragma once
#include <array>

#include "actors/execution/core/nibbles.hpp"
#include "messages/base/bytes.hpp"

/// Nodes of the Merkle-Patricia trie (Ethereum yellow paper, appendix D) as they are kept: only branches are stored, each by
/// its path. A leaf is known by its key (its value lies in the flat table) and an extension by the distance between a
/// branch and its child.
namespace rondo::execution {

/// A node as its parent refers to it: its hash, or its whole encoding when that is shorter than 32 bytes.
struct NodeRef {
    std::uint8_t size = 0;  ///< 0: no node; 32: a hash
    std::array<std::uint8_t, 32> bytes{};
    [[nodiscard]] ByteView view() const { return ByteView(bytes).first(size); }
};

/// What hangs below one place of a branch: a leaf (depth 64) or the branch that comes next (extension included in `ref`).
struct Child {
    NodeRef ref;
    std::uint8_t depth = 0;  ///< nibbles of `key` that are its path
    Hash256 key{};
    [[nodiscard]] bool empty() const { return ref.size == 0; }
    [[nodiscard]] bool is_leaf() const { return depth == key_nibbles; }
};

struct Branch {
    std::array<Child, 16> children{};
};

/// `encoding` as its parent refers to it.
[[nodiscard]] NodeRef ref_to(ByteView encoding);
/// A leaf that begins at nibble `start`. `scratch` is reused memory.
[[nodiscard]] NodeRef leaf_ref(const Hash256& key, unsigned start, ByteView value, Bytes& scratch);
[[nodiscard]] NodeRef branch_ref(const Branch& branch);
/// A branch at `depth`, reached by an extension from nibble `start`; the branch itself if there is nothing between.
[[nodiscard]] NodeRef extension_ref(const Hash256& key, unsigned start, unsigned depth, const NodeRef& branch, Bytes& scratch);
/// The hash of a root: also of an encoding shorter than 32 bytes.
[[nodiscard]] Hash256 root_hash(const NodeRef& ref);
/// Root of the trie without entries: keccak(rlp("")).
[[nodiscard]] const Hash256& empty_root();

/// Hex-prefix encoding of nibbles [from, to) as an RLP string, appended.
void append_hex_prefix(Bytes& out, ByteView nibbles, bool leaf);
void append_rlp_string(Bytes& out, ByteView content);
/// Puts an RLP list header of this payload size before it.
[[nodiscard]] Bytes with_list_header(ByteView payload);

/// How a branch at `path` (depth nibbles) lies in the store.
[[nodiscard]] Bytes encode_branch_record(const Branch& branch, unsigned depth);
[[nodiscard]] Branch decode_branch_record(ByteView record, const Hash256& path, unsigned depth);
[[nodiscard]] Bytes encode_child_record(const Child& child);
[[nodiscard]] Child decode_child_record(ByteView record);

}  // namespace rondo::execution
