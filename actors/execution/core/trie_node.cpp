#include "actors/execution/core/trie_node.hpp"

#include "messages/base/require.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::execution {
namespace {

/// Appends an RLP header: `base` is 0x80 for a string and 0xc0 for a list.
void append_header(Bytes& out, std::size_t size, std::uint8_t base) {
    if (size < 56) {
        out.push_back(static_cast<std::uint8_t>(base + size));
        return;
    }
    unsigned width = 0;
    for (std::size_t rest = size; rest != 0; rest >>= 8) ++width;
    out.push_back(static_cast<std::uint8_t>(base + 55 + width));
    for (unsigned i = width; i-- > 0;) out.push_back(static_cast<std::uint8_t>(size >> (8 * i)));
}

/// Hex-prefix of nibbles [start, end) of a key (yellow paper, appendix C).
void append_compact_path(Bytes& out, const Hash256& key, unsigned start, unsigned end, bool leaf) {
    std::array<std::uint8_t, 33> compact{};
    std::size_t size = 0;
    const unsigned flag = leaf ? 2 : 0;
    unsigned at = start;
    if ((end - start) % 2 != 0)
        compact[size++] = static_cast<std::uint8_t>((flag + 1) << 4 | nibble(key, at++));
    else
        compact[size++] = static_cast<std::uint8_t>(flag << 4);
    for (; at < end; at += 2) compact[size++] = static_cast<std::uint8_t>(nibble(key, at) << 4 | nibble(key, at + 1));
    append_rlp_string(out, ByteView(compact).first(size));
}

/// A reference inside its parent: a hash is a string, an embedded node stands as it is.
void append_ref(Bytes& out, const NodeRef& ref) {
    if (ref.size == 32) out.push_back(0xa0);
    append(out, ref.view());
}

/// Two-item node whose items are in `scratch`: closes it as a list and refers to it. The header fits in front.
NodeRef close_list(Bytes& scratch) { return ref_to(with_list_header(scratch)); }

}  // namespace

void append_rlp_string(Bytes& out, ByteView content) {
    if (content.size() == 1 && content[0] < 0x80) {
        out.push_back(content[0]);
        return;
    }
    append_header(out, content.size(), 0x80);
    append(out, content);
}

Bytes with_list_header(ByteView payload) {
    Bytes out;
    out.reserve(payload.size() + 9);
    append_header(out, payload.size(), 0xc0);
    append(out, payload);
    return out;
}

void append_hex_prefix(Bytes& out, ByteView nibbles, bool leaf) {
    Bytes compact;
    const unsigned flag = leaf ? 2 : 0;
    std::size_t at = 0;
    if (nibbles.size() % 2 != 0)
        compact.push_back(static_cast<std::uint8_t>((flag + 1) << 4 | nibbles[at++]));
    else
        compact.push_back(static_cast<std::uint8_t>(flag << 4));
    for (; at < nibbles.size(); at += 2) compact.push_back(static_cast<std::uint8_t>(nibbles[at] << 4 | nibbles[at + 1]));
    append_rlp_string(out, compact);
}

NodeRef ref_to(ByteView encoding) {
    NodeRef ref;
    if (encoding.size() < 32) {
        ref.size = static_cast<std::uint8_t>(encoding.size());
        std::memcpy(ref.bytes.data(), encoding.data(), encoding.size());
    } else {
        ref.size = 32;
        ref.bytes = crypto::keccak256(encoding).bytes;
    }
    return ref;
}

NodeRef leaf_ref(const Hash256& key, unsigned start, ByteView value, Bytes& scratch) {
    scratch.clear();
    append_compact_path(scratch, key, start, key_nibbles, true);
    append_rlp_string(scratch, value);
    return close_list(scratch);
}

NodeRef extension_ref(const Hash256& key, unsigned start, unsigned depth, const NodeRef& branch, Bytes& scratch) {
    if (start == depth) return branch;
    scratch.clear();
    append_compact_path(scratch, key, start, depth, false);
    append_ref(scratch, branch);
    return close_list(scratch);
}

NodeRef branch_ref(const Branch& branch) {
    std::array<std::uint8_t, 3 + 16 * 33 + 1> buffer;
    std::uint8_t* const payload = buffer.data() + 3;
    std::size_t size = 0;
    for (const Child& child : branch.children) {
        if (child.empty()) {
            payload[size++] = 0x80;
            continue;
        }
        if (child.ref.size == 32) payload[size++] = 0xa0;
        std::memcpy(payload + size, child.ref.bytes.data(), child.ref.size);
        size += child.ref.size;
    }
    payload[size++] = 0x80;  // no value: all keys have one length
    std::size_t header = 1;
    if (size < 56) {
        payload[-1] = static_cast<std::uint8_t>(0xc0 + size);
    } else if (size < 256) {
        header = 2;
        payload[-2] = 0xf8;
        payload[-1] = static_cast<std::uint8_t>(size);
    } else {
        header = 3;
        payload[-3] = 0xf9;
        payload[-2] = static_cast<std::uint8_t>(size >> 8);
        payload[-1] = static_cast<std::uint8_t>(size);
    }
    return ref_to({payload - header, header + size});
}

Hash256 root_hash(const NodeRef& ref) {
    if (ref.size == 0) return empty_root();
    if (ref.size < 32) return crypto::keccak256(ref.view());
    return *Hash256::from(ref.view());
}

const Hash256& empty_root() {
    static const Hash256 root = crypto::keccak256(Bytes{0x80});
    return root;
}

// A child record: depth, size of the reference, the reference, and the bytes of its key from the parent's depth on.
namespace {

void append_child(Bytes& out, const Child& child, unsigned parent_depth) {
    out.push_back(child.depth);
    out.push_back(child.ref.size);
    append(out, child.ref.view());
    const std::size_t first = parent_depth / 2;
    append(out, child.key.view().subspan(first, (child.depth + 1U) / 2 - first));
}

Child take_child(ByteView& in, const Hash256& path, unsigned parent_depth) {
    require(in.size() >= 2, "a trie record ends early");
    Child child;
    child.depth = in[0];
    child.ref.size = in[1];
    const std::size_t first = parent_depth / 2;
    const std::size_t key_bytes = (child.depth + 1U) / 2 - first;
    require(child.ref.size <= 32 && child.depth <= key_nibbles && in.size() >= 2U + child.ref.size + key_bytes,
            "a trie record is damaged");
    std::memcpy(child.ref.bytes.data(), in.data() + 2, child.ref.size);
    std::memcpy(child.key.bytes.data(), path.bytes.data(), first);
    std::memcpy(child.key.bytes.data() + first, in.data() + 2 + child.ref.size, key_bytes);
    in = in.subspan(2U + child.ref.size + key_bytes);
    return child;
}

}  // namespace

Bytes encode_branch_record(const Branch& branch, unsigned depth) {
    unsigned mask = 0;
    std::size_t size = 2;
    for (unsigned i = 0; i < 16; ++i) {
        if (branch.children[i].empty()) continue;
        mask |= 1U << i;
        size += 2U + branch.children[i].ref.size + (branch.children[i].depth + 1U) / 2 - depth / 2;
    }
    Bytes out;
    out.reserve(size);
    out.push_back(static_cast<std::uint8_t>(mask >> 8));
    out.push_back(static_cast<std::uint8_t>(mask));
    for (const Child& child : branch.children)
        if (!child.empty()) append_child(out, child, depth);
    return out;
}

Branch decode_branch_record(ByteView record, const Hash256& path, unsigned depth) {
    require(record.size() >= 2, "a trie record ends early");
    const unsigned mask = static_cast<unsigned>(record[0] << 8) | record[1];
    record = record.subspan(2);
    Branch branch;
    for (unsigned i = 0; i < 16; ++i)
        if ((mask >> i & 1U) != 0) branch.children[i] = take_child(record, path, depth);
    return branch;
}

Bytes encode_child_record(const Child& child) {
    Bytes out;
    append_child(out, child, 0);
    return out;
}

Child decode_child_record(ByteView record) { return take_child(record, Hash256{}, 0); }

}  // namespace rondo::execution
