#include "actors/execution/core/ordered_trie.hpp"

#include <span>

#include "actors/execution/core/trie_node.hpp"
#include "messages/base/require.hpp"

namespace rondo::execution {
namespace {

struct Entry {
    Bytes path;  ///< nibbles
    ByteView value;
};
using Entries = std::span<const Entry>;

Bytes nibbles_of(ByteView key) {
    Bytes out;
    out.reserve(key.size() * 2);
    for (const std::uint8_t byte : key) {
        out.push_back(byte >> 4);
        out.push_back(byte & 0x0fU);
    }
    return out;
}

void append_node_ref(Bytes& out, const NodeRef& ref) {
    if (ref.size == 0)
        out.push_back(0x80);
    else if (ref.size == 32)
        append_rlp_string(out, ref.view());
    else
        append(out, ref.view());
}

std::size_t common_from(const Bytes& a, const Bytes& b, std::size_t at) {
    std::size_t end = at;
    while (end < a.size() && end < b.size() && a[end] == b[end]) ++end;
    return end;
}

NodeRef node(Entries entries, std::size_t at);

NodeRef branch(Entries entries, std::size_t at) {
    Bytes payload;
    ByteView value;
    if (entries.front().path.size() == at) {  // the key that ends here; it sorts first
        value = entries.front().value;
        entries = entries.subspan(1);
    }
    for (unsigned digit = 0; digit < 16; ++digit) {
        std::size_t count = 0;
        while (count < entries.size() && entries[count].path[at] == digit) ++count;
        append_node_ref(payload, count == 0 ? NodeRef{} : node(entries.first(count), at + 1));
        entries = entries.subspan(count);
    }
    append_rlp_string(payload, value);
    return ref_to(with_list_header(payload));
}

NodeRef node(Entries entries, std::size_t at) {
    Bytes payload;
    if (entries.size() == 1) {
        append_hex_prefix(payload, ByteView(entries.front().path).subspan(at), true);
        append_rlp_string(payload, entries.front().value);
        return ref_to(with_list_header(payload));
    }
    const std::size_t end = common_from(entries.front().path, entries.back().path, at);
    if (end == at) return branch(entries, at);
    append_hex_prefix(payload, ByteView(entries.front().path).subspan(at, end - at), false);
    append_node_ref(payload, branch(entries, end));
    return ref_to(with_list_header(payload));
}

Hash256 root_of(Entries entries) { return entries.empty() ? empty_root() : root_hash(node(entries, 0)); }

Entry indexed(std::size_t index, std::span<const ByteView> values) {
    Bytes key;
    Bytes number;
    for (std::size_t rest = index; rest != 0; rest >>= 8) number.insert(number.begin(), static_cast<std::uint8_t>(rest));
    append_rlp_string(key, number);
    return {nibbles_of(key), values[index]};
}

}  // namespace

Hash256 plain_root(const std::vector<std::pair<Bytes, Bytes>>& entries) {
    std::vector<Entry> paths;
    paths.reserve(entries.size());
    for (const auto& [key, value] : entries) {
        require(!value.empty(), "a trie holds no empty values");
        paths.push_back({nibbles_of(key), value});
    }
    return root_of(paths);
}

Hash256 ordered_root(std::span<const ByteView> values) {
    // In the order of their encodings: 1..127 are themselves, 0 is 0x80, the others begin with 0x81 and above.
    std::vector<Entry> paths;
    paths.reserve(values.size());
    for (std::size_t i = 1; i < values.size() && i < 128; ++i) paths.push_back(indexed(i, values));
    if (!values.empty()) paths.push_back(indexed(0, values));
    for (std::size_t i = 128; i < values.size(); ++i) paths.push_back(indexed(i, values));
    return root_of(paths);
}

}  // namespace rondo::execution
