#pragma once
#include <boost/multiprecision/cpp_int.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "messages/base/bytes.hpp"
#include "messages/base/require.hpp"

namespace rondo {

/// Unsigned 256-bit integer. Plain operators wrap like the EVM's; money goes through the checked ones below.
using uint256 = boost::multiprecision::uint256_t;
/// An amount in wei.
using Wei = uint256;

[[nodiscard]] std::optional<uint256> checked_add(const uint256& a, const uint256& b);
[[nodiscard]] std::optional<uint256> checked_sub(const uint256& a, const uint256& b);
[[nodiscard]] std::optional<uint256> checked_mul(const uint256& a, const uint256& b);

[[nodiscard]] FixedBytes<32, struct Word256Tag> to_word(const uint256& value);  ///< 32 bytes, big-endian
[[nodiscard]] uint256 uint256_from_be(ByteView at_most_32_bytes);
[[nodiscard]] Bytes to_minimal_be(const uint256& value);                    ///< no leading zeros; zero is empty
[[nodiscard]] std::string to_quantity(const uint256& value);                ///< JSON-RPC quantity: 0x0, 0x1f
[[nodiscard]] std::optional<uint256> from_quantity(std::string_view text);  ///< refuses leading zeros and empty
[[nodiscard]] std::optional<uint256> from_decimal(std::string_view text);

using Word256 = FixedBytes<32, struct Word256Tag>;  ///< one EVM storage word

}  // namespace rondo
