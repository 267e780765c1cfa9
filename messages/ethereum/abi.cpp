#include "messages/ethereum/abi.hpp"

#include <algorithm>

#include "messages/crypto/hash.hpp"

namespace rondo::abi {
namespace {

constexpr std::size_t word_bytes = 32;

constexpr std::size_t padded(std::size_t size) { return (size + word_bytes - 1) / word_bytes * word_bytes; }

bool all_zero(ByteView bytes) {
    return std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
}

void append_word(Bytes& out, const uint256& value) { append(out, to_word(value).view()); }

/// The content of a `bytes` at `offset`: its length, itself, zeros up to a whole word.
std::optional<ByteView> dynamic_bytes(ByteView input, std::uint64_t offset) {
    if (offset > input.size() || input.size() - offset < word_bytes) return std::nullopt;
    const ByteView rest = input.subspan(static_cast<std::size_t>(offset));
    const uint256 length = uint256_from_be(rest.first(word_bytes));
    const ByteView body = rest.subspan(word_bytes);
    if (length > body.size()) return std::nullopt;
    const auto size = static_cast<std::size_t>(length);
    if (padded(size) > body.size() || !all_zero(body.subspan(size, padded(size) - size))) return std::nullopt;
    return body.first(size);
}

}  // namespace

Selector selector(std::string_view signature) {
    return *Selector::from(event_topic(signature).view().first(Selector::size_bytes));
}

Hash256 event_topic(std::string_view signature) { return crypto::keccak256(as_bytes(signature)); }

Encoder& Encoder::word(const Word256& value) {
    slots_.push_back({false, to_bytes(value.view())});
    return *this;
}

Encoder& Encoder::number(const uint256& value) { return word(to_word(value)); }
Encoder& Encoder::address(const Address& value) { return number(uint256_from_be(value.view())); }
Encoder& Encoder::boolean(bool value) { return number(value ? 1U : 0U); }

Encoder& Encoder::bytes(ByteView value) {
    Bytes data;
    append_word(data, value.size());
    append(data, value);
    data.resize(word_bytes + padded(value.size()));
    slots_.push_back({true, std::move(data)});
    return *this;
}

Encoder& Encoder::string(std::string_view value) { return bytes(as_bytes(value)); }

Encoder& Encoder::words(const std::vector<Word256>& values) {
    Bytes data;
    append_word(data, values.size());
    for (const Word256& value : values) append(data, value.view());
    slots_.push_back({true, std::move(data)});
    return *this;
}

Bytes Encoder::arguments() const {
    Bytes head, tail;
    for (const Slot& slot : slots_) {
        if (!slot.dynamic) {
            append(head, slot.data);
            continue;
        }
        append_word(head, slots_.size() * word_bytes + tail.size());
        append(tail, slot.data);
    }
    append(head, tail);
    return head;
}

Bytes Encoder::call(std::string_view signature) const {
    Bytes out = to_bytes(selector(signature).view());
    append(out, arguments());
    return out;
}

Word256 Decoder::word() {
    if (!ok_ || input_.size() - at_ < word_bytes) {
        ok_ = false;
        return {};
    }
    const ByteView taken = input_.subspan(at_, word_bytes);
    at_ += word_bytes;
    return *Word256::from(taken);
}

uint256 Decoder::number() { return uint256_from_be(word().view()); }

std::uint64_t Decoder::number64() {
    const Word256 value = word();
    if (!all_zero(value.view().first(24))) ok_ = false;
    return ok_ ? read_be64(value.view().last(8)) : 0;
}

Address Decoder::address() {
    const Word256 value = word();
    if (!all_zero(value.view().first(word_bytes - Address::size_bytes))) ok_ = false;
    return ok_ ? *Address::from(value.view().last(Address::size_bytes)) : Address{};
}

bool Decoder::boolean() {
    const std::uint64_t value = number64();
    if (value > 1) ok_ = false;
    return ok_ && value == 1;
}

Bytes Decoder::bytes() {
    const std::uint64_t offset = number64();
    const auto content = ok_ ? dynamic_bytes(input_, offset) : std::nullopt;
    ok_ = content.has_value();
    return ok_ ? to_bytes(*content) : Bytes{};
}

std::string Decoder::string() { return std::string(as_text(bytes())); }

std::vector<Word256> Decoder::words(std::size_t count_max) {
    const std::uint64_t offset = number64();
    if (!ok_ || offset > input_.size() || input_.size() - offset < word_bytes) {
        ok_ = false;
        return {};
    }
    Decoder inner(input_.subspan(static_cast<std::size_t>(offset)));
    const std::uint64_t count = inner.number64();
    ok_ = inner.ok_ && count <= count_max && count <= (inner.input_.size() - word_bytes) / word_bytes;
    std::vector<Word256> out;
    if (!ok_) return out;
    out.reserve(static_cast<std::size_t>(count));
    for (std::uint64_t i = 0; i < count; ++i) out.push_back(inner.word());
    return out;
}

Bytes revert_reason(std::string_view message) { return Encoder().string(message).call("Error(string)"); }

}  // namespace rondo::abi
