#include "actors/execution/core/modules/module.hpp"

#include <algorithm>

#include "actors/execution/core/modules/rewards.hpp"
#include "actors/execution/core/modules/slashing.hpp"
#include "actors/execution/core/modules/staking.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::execution {
namespace {

constexpr std::size_t word_bytes = 32;

bool is_payable(const Address& to, const std::optional<abi::Selector>& selector) {
    static const abi::Selector register_operator = abi::selector(modules::register_operator);
    return to == modules::staking && selector == register_operator;
}

}  // namespace

Word256 slot_number(std::uint64_t slot) { return to_word(slot); }

Word256 mapping_slot(const Word256& slot, const Word256& key) {
    Bytes both = to_bytes(key.view());
    append(both, slot.view());
    return *Word256::from(crypto::keccak256(both).view());
}

Word256 field_slot(const Word256& slot, std::uint64_t field) { return to_word(uint256_from_be(slot.view()) + field); }

Word256 content_slot(const Word256& slot, std::uint64_t word) {
    return to_word(uint256_from_be(crypto::keccak256(slot.view()).view()) + word);
}

std::string load_string(const Module& module, const Word256& slot) {
    const Word256 head = module.load(slot);
    const bool is_short = (head.bytes[31] & 1) == 0;
    if (is_short) return std::string(as_text(head.view().first(std::min<std::size_t>(head.bytes[31] / 2, 31))));
    const auto size = static_cast<std::size_t>(uint256_from_be(head.view()) / 2);
    Bytes content;
    for (std::uint64_t word = 0; content.size() < size; ++word) append(content, module.load(content_slot(slot, word)).view());
    return std::string(as_text(ByteView(content).first(size)));
}

std::vector<StoredWord> string_words(const Word256& slot, std::string_view value, std::string_view old) {
    const auto content_words = [](std::string_view text) {
        return text.size() < word_bytes ? 0 : (text.size() + word_bytes - 1) / word_bytes;
    };
    const auto padded_word = [](std::string_view part) {
        Word256 word;
        std::copy(part.begin(), part.end(), word.bytes.begin());
        return word;
    };
    std::vector<StoredWord> out;
    if (value.size() < word_bytes) {
        Word256 head = padded_word(value);
        head.bytes[31] = static_cast<std::uint8_t>(2 * value.size());
        out.push_back({slot, head});
    } else {
        out.push_back({slot, to_word(2 * value.size() + 1)});
    }
    for (std::size_t n = 0; n < std::max(content_words(value), content_words(old)); ++n) {
        const bool has_more = n < content_words(value);
        out.push_back({content_slot(slot, n), has_more ? padded_word(value.substr(n * word_bytes, word_bytes)) : Word256{}});
    }
    return out;
}

Word256 word_of(const Address& address) {
    Word256 word;
    std::copy(address.bytes.begin(), address.bytes.end(), word.bytes.begin() + 12);
    return word;
}

Word256 word_of(const Digest& digest) { return *Word256::from(digest.view()); }
Hash256 topic_of(const Word256& word) { return *Hash256::from(word.view()); }

const std::vector<Address>& all_modules() {
    static const std::vector<Address> all{modules::staking, modules::slashing, modules::rewards, modules::fees};
    return all;
}

bool is_module(const Address& address) {
    return address == modules::staking || address == modules::slashing || address == modules::rewards || address == modules::fees;
}

ModuleResult call_module(const Address& to, ByteView data, ModuleCall& call) {
    call.gas_used += gas::selector;
    const auto selector = abi::Selector::from(data.first(std::min(data.size(), abi::Selector::size_bytes)));
    if (call.value != 0 && !is_payable(to, selector)) return revert("module is not payable");
    if (!selector) return revert("no function selected");
    const ByteView arguments = data.subspan(abi::Selector::size_bytes);
    if (to == modules::staking) return call_staking(*selector, arguments, call);
    if (to == modules::slashing) return call_slashing(*selector, arguments, call);
    if (to == modules::rewards) return call_rewards(*selector, arguments, call);
    return revert("no such function");
}

}  // namespace rondo::execution
