#include "actors/intake/rpc/params.hpp"

#include <limits>

namespace rondo::rpc {
namespace {

std::optional<std::uint64_t> to_number(const Json& value) {
    const auto wide = Params::to_quantity(value);
    if (!wide || *wide > std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
    return static_cast<std::uint64_t>(*wide);
}

std::optional<BlockTag> named_block(std::string_view name) {
    using enum BlockTag::Name;
    if (name == "latest" || name == "safe") return BlockTag{latest, {}, {}};
    if (name == "finalized") return BlockTag{finalized, {}, {}};
    if (name == "pending") return BlockTag{pending, {}, {}};
    if (name == "earliest") return BlockTag{earliest, {}, {}};
    return std::nullopt;
}

std::optional<BlockTag> to_block(const Json& value) {
    if (value.is_object()) {  // EIP-1898
        if (value.contains("blockNumber")) return to_block(value["blockNumber"]);
        if (value.contains("blockHash")) return to_block(value["blockHash"]);
        return std::nullopt;
    }
    if (!value.is_string()) return std::nullopt;
    const auto& text = value.get_ref<const std::string&>();
    if (const auto named = named_block(text)) return named;
    if (text.size() == 66)
        if (const auto digest = fixed_from_hex<Digest>(text)) return BlockTag{BlockTag::Name::hash, {}, *digest};
    if (const auto number = to_number(value)) return BlockTag{BlockTag::Name::number, Height(*number), {}};
    return std::nullopt;
}

}  // namespace

std::optional<Address> Params::to_address(const Json& value) {
    if (!value.is_string() || !value.get_ref<const std::string&>().starts_with("0x")) return std::nullopt;
    return fixed_from_hex<Address>(value.get_ref<const std::string&>());
}

std::optional<Bytes> Params::to_data(const Json& value) {
    if (!value.is_string() || !value.get_ref<const std::string&>().starts_with("0x")) return std::nullopt;
    return from_hex(value.get_ref<const std::string&>());
}

std::optional<uint256> Params::to_quantity(const Json& value) {
    if (!value.is_string()) return std::nullopt;
    return from_quantity(value.get_ref<const std::string&>());
}

void Params::fail(std::size_t index, std::string_view what) {
    if (!error_) error_ = RpcError{code_params, "invalid argument " + std::to_string(index) + ": " + std::string(what), nullptr};
}

const Json& Params::raw(std::size_t index) const {
    static const Json nothing;
    return index < array_.size() ? array_[index] : nothing;
}

Address Params::address(std::size_t index) {
    const auto value = to_address(raw(index));
    if (!value) fail(index, "expected an address, 0x and 40 hex digits");
    return value.value_or(Address{});
}

Hash256 Params::hash(std::size_t index) {
    const auto bytes = to_data(raw(index));
    const auto value = bytes ? Hash256::from(*bytes) : std::nullopt;
    if (!value) fail(index, "expected a hash, 0x and 64 hex digits");
    return value.value_or(Hash256{});
}

Bytes Params::data(std::size_t index) {
    auto value = to_data(raw(index));
    if (!value) fail(index, "expected bytes, 0x and an even number of hex digits");
    return std::move(value).value_or(Bytes{});
}

uint256 Params::quantity(std::size_t index) {
    const auto value = to_quantity(raw(index));
    if (!value) fail(index, "expected a quantity, 0x and hex digits without leading zeros");
    return value.value_or(uint256{});
}

bool Params::boolean(std::size_t index, bool otherwise) {
    if (!has(index)) return otherwise;
    if (!raw(index).is_boolean()) fail(index, "expected true or false");
    return raw(index).is_boolean() && raw(index).get<bool>();
}

BlockTag Params::block(std::size_t index) {
    if (!has(index)) return {};
    const auto value = to_block(raw(index));
    if (!value) fail(index, "expected a block number, a block hash, or latest, safe, finalized, pending, earliest");
    return value.value_or(BlockTag{});
}

}  // namespace rondo::rpc
