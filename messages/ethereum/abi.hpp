#pragma once
#include <string_view>
#include <vector>

#include "messages/base/bytes.hpp"
#include "messages/base/uint256.hpp"

/// The part of the Solidity contract ABI that our modules speak: words, addresses, `bytes`, `string`, `bytes32[]`.
namespace rondo::abi {

using Selector = FixedBytes<4, struct SelectorTag>;
[[nodiscard]] Selector selector(std::string_view signature);    ///< "claim(uint256,address,bytes32[])"
[[nodiscard]] Hash256 event_topic(std::string_view signature);  ///< Keccak-256 of "Claimed(address,uint256)"

/// Encodes arguments in order; dynamic ones (bytes, string, arrays) go to the tail by themselves.
class Encoder {
  public:
    Encoder& word(const Word256& value);
    Encoder& number(const uint256& value);
    Encoder& address(const Address& value);
    Encoder& boolean(bool value);
    Encoder& bytes(ByteView value);
    Encoder& string(std::string_view value);
    Encoder& words(const std::vector<Word256>& values);  ///< bytes32[] or uint256[]
    [[nodiscard]] Bytes arguments() const;
    [[nodiscard]] Bytes call(std::string_view signature) const;  ///< selector and arguments

  private:
    struct Slot {
        bool dynamic;
        Bytes data;
    };
    std::vector<Slot> slots_;
};

/// Decodes arguments in order, strictly: offsets and lengths inside the input, padding zero, addresses 20 bytes.
/// The first error sticks.
class Decoder {
  public:
    explicit Decoder(ByteView arguments) : input_(arguments) {}
    [[nodiscard]] Word256 word();
    [[nodiscard]] uint256 number();
    [[nodiscard]] std::uint64_t number64();
    [[nodiscard]] Address address();
    [[nodiscard]] bool boolean();
    [[nodiscard]] Bytes bytes();
    [[nodiscard]] std::string string();
    [[nodiscard]] std::vector<Word256> words(std::size_t count_max);
    [[nodiscard]] bool ok() const { return ok_; }

  private:
    ByteView input_;
    std::size_t at_ = 0;
    bool ok_ = true;
};

/// ABI of Solidity's Error(string), as reverts carry it.
[[nodiscard]] Bytes revert_reason(std::string_view message);

}  // namespace rondo::abi
