#include "actors/execution/core/modules/module.hpp"

#include <algorithm>

#include "actors/execution/core/modules/rewards.hpp"
#include "actors/execution/core/modules/slashing.hpp"
#include "actors/execution/core/modules/staking.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::execution {

Word256 slot_number(std::uint64_t slot) { return to_word(slot); }

Word256 mapping_slot(const Word256& slot, const Word256& key) {
    Bytes both = to_bytes(key.view());
    append(both, slot.view());
    return *Word256::from(crypto::keccak256(both).view());
}

Word256 field_slot(const Word256& slot, std::uint64_t field) { return to_word(uint256_from_be(slot.view()) + field); }

Word256 word_of(const Address& address) {
    Word256 word;
    std::copy(address.bytes.begin(), address.bytes.end(), word.bytes.begin() + 12);
    return word;
}

Word256 word_of(const Digest& digest) { return *Word256::from(digest.view()); }
Hash256 topic_of(const Word256& word) { return *Hash256::from(word.view()); }

const GenesisOperator* find_operator(const Genesis& genesis, OperatorNumber number) {
    const auto at = std::find_if(genesis.operators.begin(), genesis.operators.end(),
                                 [&](const GenesisOperator& o) { return o.number == number; });
    return at == genesis.operators.end() ? nullptr : &*at;
}

bool is_module(const Address& address) {
    return address == modules::staking || address == modules::slashing || address == modules::rewards || address == modules::fees;
}

ModuleResult call_module(const Address& to, ByteView data, const Wei& value, ModuleCall& call) {
    call.gas_used += gas::selector;
    if (value != 0) return revert("module is not payable");
    if (data.size() < abi::Selector::size_bytes) return revert("no function selected");
    const abi::Selector selector = *abi::Selector::from(data.first(4));
    const ByteView arguments = data.subspan(4);
    if (to == modules::staking) return call_staking(selector, arguments, call);
    if (to == modules::slashing) return call_slashing(selector, arguments, call);
    if (to == modules::rewards) return call_rewards(selector, arguments, call);
    return revert("no such function");
}

}  // namespace rondo::execution
