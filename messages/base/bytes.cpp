#include "messages/base/bytes.hpp"

#include "messages/base/require.hpp"

namespace rondo {
namespace {

template <class T>
void append_be(Bytes& out, T value) {
    for (std::size_t i = sizeof(T); i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

template <class T>
T read_be(ByteView bytes) {
    require(bytes.size() == sizeof(T), "a big-endian number of the wrong width");
    T out = 0;
    for (const std::uint8_t b : bytes) out = static_cast<T>((out << 8) | b);
    return out;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

void append_be64(Bytes& out, std::uint64_t value) { append_be(out, value); }
void append_be32(Bytes& out, std::uint32_t value) { append_be(out, value); }
std::uint64_t read_be64(ByteView eight_bytes) { return read_be<std::uint64_t>(eight_bytes); }
std::uint32_t read_be32(ByteView four_bytes) { return read_be<std::uint32_t>(four_bytes); }

std::string to_hex(ByteView bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const std::uint8_t b : bytes) {
        out.push_back(digits[b >> 4]);
        out.push_back(digits[b & 15]);
    }
    return out;
}

std::string to_hex_prefixed(ByteView bytes) { return "0x" + to_hex(bytes); }

std::optional<Bytes> from_hex(std::string_view text) {
    if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
    if (text.size() % 2 != 0) return std::nullopt;
    Bytes out;
    out.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = hex_digit(text[i]);
        const int low = hex_digit(text[i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out.push_back(static_cast<std::uint8_t>(high * 16 + low));
    }
    return out;
}

}  // namespace rondo
