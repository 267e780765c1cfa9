#include "messages/codec/reader.hpp"

namespace rondo::codec {
namespace {

// Format bytes of https://github.com/msgpack/msgpack/blob/master/spec.md
constexpr std::uint8_t nil = 0xc0, bool_false = 0xc2, bool_true = 0xc3;
constexpr std::uint8_t bin8 = 0xc4, uint8 = 0xcc, str8 = 0xd9, array16 = 0xdc, array32 = 0xdd;

}  // namespace

std::string_view to_string(DecodeError error) {
    switch (error) {
        case DecodeError::none:
            return "ok";
        case DecodeError::truncated:
            return "truncated";
        case DecodeError::trailing_bytes:
            return "trailing bytes";
        case DecodeError::wrong_type:
            return "wrong type";
        case DecodeError::not_minimal:
            return "not the shortest form";
        case DecodeError::out_of_range:
            return "out of range";
        case DecodeError::wrong_length:
            return "wrong length";
        case DecodeError::too_many:
            return "over the limit";
    }
    return "unknown";
}

std::uint8_t Reader::take_byte() {
    if (!ok() || at_ >= input_.size()) {
        fail(DecodeError::truncated);
        return 0;
    }
    return input_[at_++];
}

std::uint64_t Reader::take_be(std::size_t width) {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < width; ++i) out = (out << 8) | take_byte();
    return out;
}

ByteView Reader::take(std::size_t length) {
    if (!ok() || length > remaining()) {
        fail(DecodeError::truncated);
        return {};
    }
    const ByteView out = input_.subspan(at_, length);
    at_ += length;
    return out;
}

std::uint64_t Reader::read_uint(std::uint64_t max) {
    const std::uint8_t first = take_byte();
    if (!ok()) return 0;
    std::uint64_t value = first;
    if (first >= 0x80) {
        if (first < uint8 || first > uint8 + 3) {
            fail(DecodeError::wrong_type);
            return 0;
        }
        const std::size_t width = std::size_t{1} << (first - uint8);
        value = take_be(width);
        const bool minimal = width == 1 ? value >= 0x80 : (value >> (8 * width / 2)) != 0;
        if (ok() && !minimal) fail(DecodeError::not_minimal);
    }
    if (ok() && value > max) fail(DecodeError::out_of_range);
    return ok() ? value : 0;
}

bool Reader::read_bool() {
    const std::uint8_t first = take_byte();
    if (ok() && first != bool_false && first != bool_true) fail(DecodeError::wrong_type);
    return ok() && first == bool_true;
}

bool Reader::read_nil_if_present() {
    if (!ok() || at_ >= input_.size() || input_[at_] != nil) return false;
    ++at_;
    return true;
}

// bin and str share their layout: a marker for a length of 8, 16 and 32 bits; str has a short form besides.
std::size_t Reader::take_length(std::uint8_t first, std::uint8_t marker8, std::size_t length_max) {
    if (first < marker8 || first > marker8 + 2) {
        fail(DecodeError::wrong_type);
        return 0;
    }
    const std::size_t width = std::size_t{1} << (first - marker8);
    const std::uint64_t length = take_be(width);
    const std::uint64_t shorter_holds = marker8 == str8 && width == 1 ? 31 : width == 1 ? 0 : (width == 2 ? 0xff : 0xffff);
    const bool minimal = (marker8 == bin8 && width == 1) || length > shorter_holds;
    if (ok() && !minimal) fail(DecodeError::not_minimal);
    if (ok() && length > length_max) fail(DecodeError::too_many);
    return ok() ? static_cast<std::size_t>(length) : 0;
}

ByteView Reader::read_bin(std::size_t length_max) {
    const std::uint8_t first = take_byte();
    if (!ok()) return {};
    return take(take_length(first, bin8, length_max));
}

std::string_view Reader::read_str(std::size_t length_max) {
    const std::uint8_t first = take_byte();
    if (!ok()) return {};
    std::size_t length = first & 0x1fU;
    if ((first & 0xe0U) != 0xa0U) length = take_length(first, str8, length_max);
    if (ok() && length > length_max) fail(DecodeError::too_many);
    return as_text(take(length));
}

std::size_t Reader::read_array(std::size_t count_max) {
    const std::uint8_t first = take_byte();
    if (!ok()) return 0;
    std::uint64_t count = first & 0x0fU;
    if (first == array16) {
        count = take_be(2);
        if (ok() && count < 16) fail(DecodeError::not_minimal);
    } else if (first == array32) {
        count = take_be(4);
        if (ok() && count <= 0xffff) fail(DecodeError::not_minimal);
    } else if ((first & 0xf0U) != 0x90U) {
        fail(DecodeError::wrong_type);
    }
    if (ok() && count > count_max) fail(DecodeError::too_many);
    // Every element takes at least one byte: a count beyond the input is a lie, found before allocating.
    if (ok() && count > remaining()) fail(DecodeError::truncated);
    return ok() ? static_cast<std::size_t>(count) : 0;
}

void Reader::expect_array(std::size_t count) {
    const std::size_t found = read_array(count);
    if (ok() && found != count) fail(DecodeError::wrong_length);
}

DecodeError Reader::finish() {
    if (ok() && at_ != input_.size()) fail(DecodeError::trailing_bytes);
    return error_;
}

}  // namespace rondo::codec
