#pragma once
#include <optional>
#include <string>

#include "actors/intake/rpc/rpc_error.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/types.hpp"
#include "messages/base/uint256.hpp"

namespace rondo::rpc {

/// A block as a caller names it.
struct BlockTag {
    enum class Name { latest, finalized, pending, earliest, number, hash } name = Name::latest;
    Height height;
    Digest digest{};
};

/// Reads positional parameters. The first error sticks and names the argument, so that methods check once.
class Params {
  public:
    explicit Params(const Json& array) : array_(array) {}

    [[nodiscard]] bool has(std::size_t index) const { return index < array_.size() && !array_[index].is_null(); }
    [[nodiscard]] const Json& raw(std::size_t index) const;
    Address address(std::size_t index);
    Hash256 hash(std::size_t index);
    Bytes data(std::size_t index);
    uint256 quantity(std::size_t index);
    bool boolean(std::size_t index, bool otherwise);
    BlockTag block(std::size_t index);  ///< `latest` when absent

    void fail(std::size_t index, std::string_view what);
    [[nodiscard]] bool ok() const { return !error_; }
    [[nodiscard]] RpcError error() const { return error_.value_or(RpcError{}); }

    // The same readers for members of an object argument (`field` names it in the error).
    static std::optional<Address> to_address(const Json& value);
    static std::optional<Bytes> to_data(const Json& value);
    static std::optional<uint256> to_quantity(const Json& value);

  private:
    const Json& array_;
    std::optional<RpcError> error_;
};

}  // namespace rondo::rpc
