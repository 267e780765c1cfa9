#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rondo {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// N bytes with a meaning of their own: the tag keeps a Digest from being passed as an Address.
template <std::size_t N, class Tag>
struct FixedBytes {
    static constexpr std::size_t size_bytes = N;
    std::array<std::uint8_t, N> bytes{};

    auto operator<=>(const FixedBytes&) const = default;
    [[nodiscard]] ByteView view() const { return bytes; }
    [[nodiscard]] bool is_zero() const { return bytes == std::array<std::uint8_t, N>{}; }
    [[nodiscard]] static std::optional<FixedBytes> from(ByteView v) {
        if (v.size() != N) return std::nullopt;
        FixedBytes out;
        std::memcpy(out.bytes.data(), v.data(), N);
        return out;
    }
};

using Digest = FixedBytes<32, struct DigestTag>;              ///< BLAKE2b-256: everything of ours
using Hash256 = FixedBytes<32, struct Hash256Tag>;            ///< Keccak-256: everything of Ethereum's
using Address = FixedBytes<20, struct AddressTag>;            ///< Ethereum account
using PublicKey = FixedBytes<32, struct PublicKeyTag>;        ///< Ed25519, RFC 8032
using Signature = FixedBytes<64, struct SignatureTag>;        ///< Ed25519, RFC 8032
using TransportKey = FixedBytes<32, struct TransportKeyTag>;  ///< CURVE25519 public key of a node's sockets

inline ByteView as_bytes(std::string_view text) { return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()}; }
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }
inline Bytes to_bytes(ByteView view) { return {view.begin(), view.end()}; }
inline void append(Bytes& out, ByteView more) { out.insert(out.end(), more.begin(), more.end()); }

/// Big-endian, so that the order of keys is the order of numbers.
void append_be64(Bytes& out, std::uint64_t value);
void append_be32(Bytes& out, std::uint32_t value);
[[nodiscard]] std::uint64_t read_be64(ByteView eight_bytes);
[[nodiscard]] std::uint32_t read_be32(ByteView four_bytes);

[[nodiscard]] std::string to_hex(ByteView bytes);           ///< lower case, no prefix
[[nodiscard]] std::string to_hex_prefixed(ByteView bytes);  ///< "0x" + lower case
/// Accepts an optional 0x prefix and either case; nothing on an odd length or a foreign character.
[[nodiscard]] std::optional<Bytes> from_hex(std::string_view text);

template <class Fixed>
[[nodiscard]] std::optional<Fixed> fixed_from_hex(std::string_view text) {
    const auto bytes = from_hex(text);
    if (!bytes) return std::nullopt;
    return Fixed::from(*bytes);
}

}  // namespace rondo

template <std::size_t N, class Tag>
struct std::hash<rondo::FixedBytes<N, Tag>> {
    std::size_t operator()(const rondo::FixedBytes<N, Tag>& v) const noexcept {
        std::size_t out;
        std::memcpy(&out, v.bytes.data(), sizeof out);
        return out;
    }
};
