#pragma once
#include <concepts>
#include <limits>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/types.hpp"
#include "messages/base/uint256.hpp"
#include "messages/codec/encode.hpp"
#include "messages/codec/reader.hpp"
#include "messages/codec/writer.hpp"

/// Canonical encoding of our messages. One value has exactly one encoding, and a decoder accepts only that.
///
///   struct Vote { Epoch epoch; ...; static auto fields(auto& v) { return std::tie(v.epoch, ...); } };
///
/// A struct is an array of its fields in order. A *signed* struct (it has `signature` and a `kind`) is the
/// array of its fields followed by the signature; its body is the array without it. An integer is an
/// unsigned msgpack integer in its shortest form; fixed bytes and byte strings are `bin`; an optional is nil
/// or the value; a vector is an array; a variant is [index, value]; uint256 is a minimal big-endian `bin`;
/// an enumeration is its number, and a free function `bool is_valid(E)` says which numbers exist.
namespace rondo::codec {

inline constexpr std::size_t elements_max = 1U << 18;   ///< of any array, before the message's own limits
inline constexpr std::size_t bin_bytes_max = 8U << 20;  ///< of any byte string, before the message's own limits

template <class T>
concept Structured = requires(T& t) {
    T::fields(t);
};
template <class T>
concept Signed = Structured<T> && requires(T& t) {
    t.signature;
};

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};
template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_variant : std::false_type {};
template <class... T>
struct is_variant<std::variant<T...>> : std::true_type {};
template <class T>
struct is_number : std::false_type {};
template <class Tag, class Rep>
struct is_number<Number<Tag, Rep>> : std::true_type {};
template <class T>
struct is_fixed : std::false_type {};
template <std::size_t N, class Tag>
struct is_fixed<FixedBytes<N, Tag>> : std::true_type {};

template <class T>
void write(Writer& w, const T& value);
template <class T>
void read(Reader& r, T& value);

template <class T>
void write_fields(Writer& w, const T& value, bool with_signature) {
    const auto fields = T::fields(value);
    constexpr std::size_t count = std::tuple_size_v<decltype(fields)>;
    w.write_array(count + (with_signature ? 1 : 0));
    std::apply([&](const auto&... field) { (write(w, field), ...); }, fields);
}

template <class T>
void write(Writer& w, const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
        w.write_bool(value);
    } else if constexpr (std::is_enum_v<T>) {
        w.write_uint(static_cast<std::uint64_t>(value));
    } else if constexpr (std::is_unsigned_v<T>) {
        w.write_uint(value);
    } else if constexpr (is_number<T>::value) {
        w.write_uint(value.value);
    } else if constexpr (is_fixed<T>::value) {
        w.write_bin(value.view());
    } else if constexpr (std::is_same_v<T, Bytes>) {
        w.write_bin(value);
    } else if constexpr (std::is_same_v<T, std::string>) {
        w.write_str(value);
    } else if constexpr (std::is_same_v<T, uint256>) {
        w.write_bin(to_minimal_be(value));
    } else if constexpr (is_vector<T>::value) {
        w.write_array(value.size());
        for (const auto& element : value) write(w, element);
    } else if constexpr (is_optional<T>::value) {
        if (value)
            write(w, *value);
        else
            w.write_nil();
    } else if constexpr (is_variant<T>::value) {
        w.write_array(2);
        w.write_uint(value.index());
        std::visit([&](const auto& alternative) { write(w, alternative); }, value);
    } else if constexpr (Signed<T>) {
        write_fields(w, value, true);
        write(w, value.signature);
    } else {
        static_assert(Structured<T>, "no encoding for this type");
        write_fields(w, value, false);
    }
}

template <std::size_t I = 0, class... T>
void read_alternative(Reader& r, std::size_t index, std::variant<T...>& out) {
    if constexpr (I < sizeof...(T)) {
        if (index == I)
            read(r, out.template emplace<I>());
        else
            read_alternative<I + 1>(r, index, out);
    }
}

template <class T>
void read(Reader& r, T& value) {
    if constexpr (std::is_same_v<T, bool>) {
        value = r.read_bool();
    } else if constexpr (std::is_enum_v<T>) {
        using U = std::underlying_type_t<T>;
        const auto candidate = static_cast<T>(r.read_uint(std::numeric_limits<U>::max()));
        if (r.ok() && !is_valid(candidate)) r.fail(DecodeError::out_of_range);
        if (r.ok()) value = candidate;
    } else if constexpr (std::is_unsigned_v<T>) {
        value = static_cast<T>(r.read_uint(std::numeric_limits<T>::max()));
    } else if constexpr (is_number<T>::value) {
        read(r, value.value);
    } else if constexpr (is_fixed<T>::value) {
        const ByteView bytes = r.read_bin(T::size_bytes);
        if (r.ok() && bytes.size() != T::size_bytes) r.fail(DecodeError::wrong_length);
        if (r.ok()) value = *T::from(bytes);
    } else if constexpr (std::is_same_v<T, Bytes>) {
        value = to_bytes(r.read_bin(bin_bytes_max));
    } else if constexpr (std::is_same_v<T, std::string>) {
        value = std::string(r.read_str(4096));
    } else if constexpr (std::is_same_v<T, uint256>) {
        const ByteView bytes = r.read_bin(32);
        if (r.ok() && !bytes.empty() && bytes[0] == 0) r.fail(DecodeError::not_minimal);
        if (r.ok()) value = uint256_from_be(bytes);
    } else if constexpr (is_vector<T>::value) {
        const std::size_t count = r.read_array(elements_max);
        value.clear();
        // Growing as elements arrive: a claimed count alone never allocates much.
        value.reserve(std::min<std::size_t>(count, 1024));
        for (std::size_t i = 0; i < count && r.ok(); ++i) read(r, value.emplace_back());
    } else if constexpr (is_optional<T>::value) {
        if (r.read_nil_if_present())
            value.reset();
        else
            read(r, value.emplace());
    } else if constexpr (is_variant<T>::value) {
        r.expect_array(2);
        const auto index = static_cast<std::size_t>(r.read_uint(std::variant_size_v<T> - 1));
        if (r.ok()) read_alternative(r, index, value);
    } else {
        static_assert(Structured<T>, "no encoding for this type");
        auto fields = T::fields(value);
        constexpr std::size_t count = std::tuple_size_v<decltype(fields)>;
        r.expect_array(count + (Signed<T> ? 1 : 0));
        std::apply([&](auto&... field) { (read(r, field), ...); }, fields);
        if constexpr (Signed<T>) read(r, value.signature);
    }
}

}  // namespace rondo::codec

namespace rondo {

template <class T>
Bytes encode(const T& value) {
    codec::Writer w;
    codec::write(w, value);
    return w.take();
}

template <class T>
Bytes encode_body(const T& value) {
    codec::Writer w;
    codec::write_fields(w, value, false);
    return w.take();
}

template <class T>
tl::expected<T, codec::DecodeError> decode(ByteView input) {
    codec::Reader r(input);
    T value{};
    codec::read(r, value);
    const codec::DecodeError error = r.finish();
    if (error != codec::DecodeError::none) return tl::unexpected(error);
    return value;
}

}  // namespace rondo
