#pragma once
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/uint256.hpp"

/// Recursive Length Prefix (Ethereum yellow paper, appendix B), canonical in both directions.
namespace rondo::rlp {

enum class Error : std::uint8_t { none, truncated, trailing_bytes, not_canonical, leading_zero, too_long, wrong_kind, too_deep };
[[nodiscard]] std::string_view to_string(Error error);

/// One item inside a buffer that outlives it: `content` is the string's bytes or the list's payload.
struct Item {
    bool is_list = false;
    ByteView content;
    ByteView encoding;  ///< header and content
};

/// Reads consecutive items. The first error sticks.
class Reader {
  public:
    explicit Reader(ByteView input) : input_(input) {}
    [[nodiscard]] Item next();                             ///< any item
    [[nodiscard]] ByteView string();                       ///< an item that must be a string
    [[nodiscard]] Reader list();                           ///< an item that must be a list
    [[nodiscard]] uint256 integer(std::size_t bytes_max);  ///< big-endian without leading zeros
    [[nodiscard]] std::uint64_t integer64();
    [[nodiscard]] bool at_end() const { return at_ == input_.size(); }
    void fail(Error error) {
        if (error_ == Error::none) error_ = error;
    }
    [[nodiscard]] Error error() const { return error_; }
    /// The verdict: also fails if anything is left.
    [[nodiscard]] Error finish();

  private:
    ByteView input_;
    std::size_t at_ = 0;
    Error error_ = Error::none;
};

/// Checks a whole encoding, nested lists included (depth at most 1024).
[[nodiscard]] Error validate(ByteView input);

/// Appends items to a buffer.
class Writer {
  public:
    Writer& string(ByteView content);
    Writer& integer(const uint256& value);
    Writer& integer64(std::uint64_t value);
    Writer& raw(ByteView encoding);  ///< an item that is encoded already
    /// Wraps everything written since `Writer` was made as one list.
    [[nodiscard]] Bytes list() const;
    [[nodiscard]] const Bytes& items() const { return out_; }

  private:
    Bytes out_;
};
[[nodiscard]] Bytes encode_string(ByteView content);
[[nodiscard]] Bytes encode_list(ByteView items);
/// What stands before a list's items when they are that many bytes together.
[[nodiscard]] Bytes list_header(std::size_t items_bytes);

}  // namespace rondo::rlp
