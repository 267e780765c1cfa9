#include "actors/execution/core/modules/staking.hpp"

namespace rondo::execution {
namespace {

const Word256 slot_operators = slot_number(0);
const Word256 slot_contexts = slot_number(1);

Word256 bond_slot(OperatorNumber number) { return mapping_slot(slot_operators, to_word(number.value)); }
Word256 jailed_slot(OperatorNumber number) { return field_slot(bond_slot(number), 1); }

std::optional<OperatorNumber> known_operator(const uint256& number, const Genesis& genesis) {
    if (number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    const OperatorNumber candidate(static_cast<std::uint32_t>(number));
    return find_operator(genesis, candidate) != nullptr ? std::optional(candidate) : std::nullopt;
}

}  // namespace

Wei Staking::bond_of(OperatorNumber number) const { return module_.load_number(bond_slot(number)); }
bool Staking::is_jailed(OperatorNumber number) const { return module_.load_number(jailed_slot(number)) != 0; }
void Staking::set_bond(OperatorNumber number, const Wei& bond) { module_.store_number(bond_slot(number), bond); }

Wei Staking::slash(OperatorNumber number, std::uint64_t permille, ModuleCall& call) {
    const Wei bond = bond_of(number);
    Wei taken = bond * permille / 1000;
    call.store(module_, bond_slot(number), to_word(bond - taken));
    call.store(module_, jailed_slot(number), to_word(1));
    require(module_.ledger().burn(modules::staking, taken), "bonds exceed the staking module's balance");
    return taken;
}

void Staking::note_context(Epoch epoch, const Digest& digest) {
    module_.store(mapping_slot(slot_contexts, to_word(epoch.value)), word_of(digest));
}

std::vector<OperatorBond> bonds_of(const Genesis& genesis, Ledger& ledger) {
    const Staking staking(ledger);
    std::vector<OperatorBond> bonds;
    for (const GenesisOperator& o : genesis.operators)
        bonds.push_back({o.number, staking.bond_of(o.number), staking.is_jailed(o.number)});
    return bonds;
}

ModuleResult call_staking(const abi::Selector& selector, ByteView arguments, ModuleCall& call) {
    static const abi::Selector stake_of = abi::selector(modules::stake_of);
    static const abi::Selector is_jailed = abi::selector(modules::is_jailed);
    if (selector != stake_of && selector != is_jailed) return revert("no such function");
    abi::Decoder in(arguments);
    const uint256 number = in.number();
    if (!in.ok()) return revert("malformed arguments");
    const auto known = known_operator(number, call.chain.genesis);
    if (!known) return revert("unknown operator");
    const Staking staking(call.ledger);
    if (selector == stake_of) return abi::Encoder().number(staking.bond_of(*known)).arguments();
    return abi::Encoder().boolean(staking.is_jailed(*known)).arguments();
}

}  // namespace rondo::execution
