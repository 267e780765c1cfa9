#include "messages/ethereum/rlp.hpp"

namespace rondo::rlp {
namespace {

// Yellow paper, appendix B: below 0x80 a byte is itself; then short strings, long strings, short lists, long lists.
constexpr std::uint8_t string_base = 0x80, list_base = 0xc0;
constexpr std::size_t short_length_max = 55;
constexpr std::size_t depth_max = 1024;

struct Header {
    bool is_list = false;
    std::size_t header_bytes = 0;
    std::size_t content_bytes = 0;
};

Error read_header(ByteView input, Header& out) {
    if (input.empty()) return Error::truncated;
    const std::uint8_t first = input[0];
    if (first < string_base) {
        out = {false, 0, 1};
        return Error::none;
    }
    out.is_list = first >= list_base;
    const std::size_t length = first - (out.is_list ? list_base : string_base);
    if (length <= short_length_max) {
        out.header_bytes = 1;
        out.content_bytes = length;
    } else {
        const std::size_t width = length - short_length_max;  // 1 to 8
        if (input.size() < 1 + width) return Error::truncated;
        if (input[1] == 0) return Error::not_canonical;
        std::uint64_t content = 0;
        for (std::size_t i = 1; i <= width; ++i) content = (content << 8) | input[i];
        if (content <= short_length_max) return Error::not_canonical;
        out.header_bytes = 1 + width;
        out.content_bytes = static_cast<std::size_t>(content);
    }
    if (out.content_bytes > input.size() - out.header_bytes) return Error::truncated;
    const bool lone_byte = !out.is_list && out.content_bytes == 1;
    return lone_byte && input[1] < string_base ? Error::not_canonical : Error::none;
}

void write_header(Bytes& out, std::uint8_t base, std::size_t length) {
    if (length <= short_length_max) {
        out.push_back(static_cast<std::uint8_t>(base + length));
        return;
    }
    std::size_t width = 1;
    while (width < 8 && (static_cast<std::uint64_t>(length) >> (8 * width)) != 0) ++width;
    out.push_back(static_cast<std::uint8_t>(base + short_length_max + width));
    for (std::size_t i = width; i-- > 0;) out.push_back(static_cast<std::uint8_t>(static_cast<std::uint64_t>(length) >> (8 * i)));
}

void write_string(Bytes& out, ByteView content) {
    if (content.size() != 1 || content[0] >= string_base) write_header(out, string_base, content.size());
    append(out, content);
}

}  // namespace

std::string_view to_string(Error error) {
    switch (error) {
        case Error::none:
            return "ok";
        case Error::truncated:
            return "truncated";
        case Error::trailing_bytes:
            return "trailing bytes";
        case Error::not_canonical:
            return "not the shortest form";
        case Error::leading_zero:
            return "leading zero in a number";
        case Error::too_long:
            return "number too long";
        case Error::wrong_kind:
            return "list for a string, or the reverse";
        case Error::too_deep:
            return "nested too deep";
    }
    return "unknown";
}

Item Reader::next() {
    if (error_ != Error::none) return {};
    const ByteView rest = input_.subspan(at_);
    Header header;
    if (const Error error = read_header(rest, header); error != Error::none) {
        fail(error);
        return {};
    }
    const ByteView encoding = rest.first(header.header_bytes + header.content_bytes);
    at_ += encoding.size();
    return {header.is_list, encoding.subspan(header.header_bytes), encoding};
}

ByteView Reader::string() {
    const Item item = next();
    if (item.is_list) {
        fail(Error::wrong_kind);
        return {};
    }
    return item.content;
}

Reader Reader::list() {
    const Item item = next();
    if (error_ == Error::none && !item.is_list) fail(Error::wrong_kind);
    Reader inner(error_ == Error::none ? item.content : ByteView{});
    inner.error_ = error_;
    return inner;
}

uint256 Reader::integer(std::size_t bytes_max) {
    const ByteView content = string();
    if (content.size() > bytes_max)
        fail(Error::too_long);
    else if (!content.empty() && content[0] == 0)
        fail(Error::leading_zero);
    return error_ == Error::none ? uint256_from_be(content) : uint256(0);
}

std::uint64_t Reader::integer64() {
    const ByteView content = string();
    if (content.size() > 8)
        fail(Error::too_long);
    else if (!content.empty() && content[0] == 0)
        fail(Error::leading_zero);
    if (error_ != Error::none) return 0;
    std::uint64_t out = 0;
    for (const std::uint8_t b : content) out = (out << 8) | b;
    return out;
}

Error Reader::finish() {
    if (error_ == Error::none && !at_end()) fail(Error::trailing_bytes);
    return error_;
}

Error validate(ByteView input) {
    Reader whole(input);
    const Item root = whole.next();
    if (const Error error = whole.finish(); error != Error::none || !root.is_list) return error;
    std::vector<Reader> open{Reader(root.content)};
    while (!open.empty()) {
        if (open.back().at_end()) {
            open.pop_back();
            continue;
        }
        const Item item = open.back().next();
        if (open.back().error() != Error::none) return open.back().error();
        if (!item.is_list) continue;
        if (open.size() >= depth_max) return Error::too_deep;
        open.emplace_back(item.content);
    }
    return Error::none;
}

Writer& Writer::string(ByteView content) {
    write_string(out_, content);
    return *this;
}

Writer& Writer::integer(const uint256& value) { return string(to_minimal_be(value)); }

Writer& Writer::integer64(std::uint64_t value) {
    std::array<std::uint8_t, 8> be;
    std::size_t size = 0;
    for (; value != 0; value >>= 8) be[7 - size++] = static_cast<std::uint8_t>(value);
    return string(ByteView(be).last(size));
}

Writer& Writer::raw(ByteView encoding) {
    append(out_, encoding);
    return *this;
}

Bytes Writer::list() const { return encode_list(out_); }

Bytes encode_string(ByteView content) {
    Bytes out;
    out.reserve(content.size() + 9);
    write_string(out, content);
    return out;
}

Bytes encode_list(ByteView items) {
    Bytes out;
    out.reserve(items.size() + 9);
    write_header(out, list_base, items.size());
    append(out, items);
    return out;
}

Bytes list_header(std::size_t items_bytes) {
    Bytes out;
    out.reserve(9);
    write_header(out, list_base, items_bytes);
    return out;
}

}  // namespace rondo::rlp
