#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "messages/base/bytes.hpp"

namespace rondo::codec {

/// Why bytes from outside were refused.
enum class DecodeError : std::uint8_t {
    none,
    truncated,       ///< the input ends inside a value
    trailing_bytes,  ///< something follows the value
    wrong_type,      ///< another msgpack family than the field has
    not_minimal,     ///< a longer form than the value needs
    out_of_range,    ///< a number too large for its field, or not a member of its enumeration
    wrong_length,    ///< a fixed field of another length, or an array of another count
    too_many,        ///< more elements or bytes than the limit of this message
};
[[nodiscard]] std::string_view to_string(DecodeError error);

/// Reads canonical msgpack, front to back, without allocating for what is not there. The first error
/// sticks: every later read returns an empty value, so that callers check once, at the end.
class Reader {
  public:
    explicit Reader(ByteView input) : input_(input) {}

    std::uint64_t read_uint(std::uint64_t max);
    bool read_bool();
    /// True, and consumed, if the next value is nil.
    bool read_nil_if_present();
    ByteView read_bin(std::size_t length_max);
    std::string_view read_str(std::size_t length_max);
    std::size_t read_array(std::size_t count_max);
    void expect_array(std::size_t count);

    void fail(DecodeError error) {
        if (error_ == DecodeError::none) error_ = error;
    }
    [[nodiscard]] bool ok() const { return error_ == DecodeError::none; }
    [[nodiscard]] std::size_t remaining() const { return input_.size() - at_; }
    /// The verdict over the whole input: also fails if anything is left.
    [[nodiscard]] DecodeError finish();

  private:
    std::uint8_t take_byte();
    std::uint64_t take_be(std::size_t width);
    ByteView take(std::size_t length);
    std::size_t take_length(std::uint8_t first, std::uint8_t marker8, std::size_t length_max);

    ByteView input_;
    std::size_t at_ = 0;
    DecodeError error_ = DecodeError::none;
};

}  // namespace rondo::codec
