#include "actors/execution/core/modules/rewards.hpp"

#include "messages/crypto/hash.hpp"

namespace rondo::execution {
namespace {

constexpr std::size_t proof_nodes_max = 64;

const Word256 slot_accruing = slot_number(0);
const Word256 slot_fixed_epoch = slot_number(1);
const Word256 slot_pots = slot_number(2);
const Word256 slot_accepted_epoch = slot_number(3);
const Word256 slot_accepted_root = slot_number(4);
const Word256 slot_accepted_total = slot_number(5);
const Word256 slot_attested = slot_number(6);
const Word256 slot_claimed = slot_number(7);
const Word256 slot_claimed_by_all = slot_number(8);

Word256 pot_slot(const uint256& epoch) { return mapping_slot(slot_pots, to_word(epoch)); }
Word256 cumulative_slot(const uint256& epoch) { return field_slot(pot_slot(epoch), 1); }
Word256 attested_slot(const uint256& epoch, OperatorNumber number) {
    return mapping_slot(mapping_slot(slot_attested, to_word(epoch)), to_word(number.value));
}
Word256 claimed_slot(const Address& account) { return mapping_slot(slot_claimed, word_of(account)); }

/// Several only if they named the same account: nobody takes another's voice by naming its account first.
std::vector<OperatorNumber> members_with_rewards_account(const EpochContext& context, const Address& account) {
    std::vector<OperatorNumber> out;
    for (const OperatorInfo& member : context.operators)
        if (member.rewards_account == account) out.push_back(member.number);
    return out;
}

/// Stake of the epoch's members that attested this root.
Stake attested_stake(const Module& module, const EpochContext& context, const uint256& epoch, const Word256& root) {
    Stake sum;
    for (const OperatorInfo& member : context.operators)
        if (module.load(attested_slot(epoch, member.number)) == root) sum = sum.plus(member.stake.value);
    return sum;
}

void accept_root(Module& module, const uint256& epoch, const Word256& root, const Wei& total, ModuleCall& call) {
    call.store(module, slot_accepted_epoch, to_word(epoch));
    call.store(module, slot_accepted_root, root);
    call.store(module, slot_accepted_total, to_word(total));
    call.log(modules::rewards, {abi::event_topic(modules::root_accepted_event), topic_of(to_word(epoch))},
             abi::Encoder().word(root).number(total).arguments());
}

ModuleResult attest(ByteView arguments, ModuleCall& call) {
    abi::Decoder in(arguments);
    const uint256 epoch = in.number();
    const Word256 root = in.word();
    const Wei total = in.number();
    if (!in.ok()) return revert("malformed arguments");
    Module module(modules::rewards, call.ledger);
    if (epoch == 0 || epoch > module.load_number(slot_fixed_epoch)) return revert("the epoch's pot is not fixed yet");
    if (epoch <= module.load_number(slot_accepted_epoch)) return too_late("a root of this epoch or a later one is accepted");
    const EpochContext* context = call.chain.contexts.find(call.chain.store, Epoch(static_cast<std::uint64_t>(epoch)));
    require(context != nullptr, "an epoch with a pot and without a context");
    const std::vector<OperatorNumber> attesters = members_with_rewards_account(*context, call.caller);
    if (attesters.empty()) return revert("only the rewards account of an operator of that epoch attests");
    if (root.is_zero()) return revert("no root");
    if (total != module.load_number(cumulative_slot(epoch))) return revert("total differs from the sum of the pots");
    const Word256 attested = module.load(attested_slot(epoch, attesters.front()));
    if (attested == root) return too_late("attested already");
    if (!attested.is_zero()) return revert("another root was attested");
    for (const OperatorNumber number : attesters) call.store(module, attested_slot(epoch, number), root);
    if (attested_stake(module, *context, epoch, root) >= context->quorum()) accept_root(module, epoch, root, total, call);
    return Bytes{};
}

bool proves(const std::vector<Word256>& proof, const Hash256& leaf, const Word256& root) {
    Hash256 node = leaf;
    for (const Word256& sibling : proof) node = reward_node(node, topic_of(sibling));
    return topic_of(root) == node;
}

ModuleResult claim(ByteView arguments, ModuleCall& call) {
    abi::Decoder in(arguments);
    const Address account = in.address();
    const Wei cumulative = in.number();
    const std::vector<Word256> proof = in.words(proof_nodes_max);
    if (!in.ok()) return revert("malformed arguments");
    if (is_module(account)) return revert("a module claims nothing");
    call.gas_used += gas::proof_node * proof.size();
    Module module(modules::rewards, call.ledger);
    const Word256 root = module.load(slot_accepted_root);
    if (root.is_zero()) return revert("no root is accepted yet");
    if (!proves(proof, reward_leaf(account, cumulative), root)) return revert("proof does not lead to the accepted root");
    const Wei claimed = module.load_number(claimed_slot(account));
    if (cumulative <= claimed) return revert("nothing to claim");
    const Wei pay = cumulative - claimed;
    const auto claimed_by_all = checked_add(module.load_number(slot_claimed_by_all), pay);
    // A root of sums that do not add up must not reach into pots beyond its total.
    if (!claimed_by_all || *claimed_by_all > module.load_number(slot_accepted_total))
        return revert("claims exceed the accepted total");
    if (!call.ledger.move(modules::rewards, account, pay)) return revert("the pot is empty");
    call.store(module, claimed_slot(account), to_word(cumulative));
    call.store(module, slot_claimed_by_all, to_word(*claimed_by_all));
    call.log(modules::rewards, {abi::event_topic(modules::claimed_event), topic_of(word_of(account))},
             abi::Encoder().number(pay).arguments());
    return Bytes{};
}

ModuleResult pot_of(ByteView arguments, ModuleCall& call) {
    abi::Decoder in(arguments);
    const uint256 epoch = in.number();
    if (!in.ok()) return revert("malformed arguments");
    return abi::Encoder().number(Module(modules::rewards, call.ledger).load_number(pot_slot(epoch))).arguments();
}

ModuleResult accepted_root(ModuleCall& call) {
    const Module module(modules::rewards, call.ledger);
    return abi::Encoder()
        .word(module.load(slot_accepted_epoch))
        .word(module.load(slot_accepted_root))
        .word(module.load(slot_accepted_total))
        .arguments();
}

ModuleResult claimed_by(ByteView arguments, ModuleCall& call) {
    abi::Decoder in(arguments);
    const Address account = in.address();
    if (!in.ok()) return revert("malformed arguments");
    return abi::Encoder().number(Module(modules::rewards, call.ledger).load_number(claimed_slot(account))).arguments();
}

}  // namespace

ModuleResult call_rewards(const abi::Selector& selector, ByteView arguments, ModuleCall& call) {
    static const abi::Selector selectors[] = {abi::selector(modules::attest), abi::selector(modules::claim),
                                              abi::selector(modules::pot_of), abi::selector(modules::accepted_root),
                                              abi::selector(modules::claimed_by)};
    if (selector == selectors[0]) return attest(arguments, call);
    if (selector == selectors[1]) return claim(arguments, call);
    if (selector == selectors[2]) return pot_of(arguments, call);
    if (selector == selectors[3]) return accepted_root(call);
    if (selector == selectors[4]) return claimed_by(arguments, call);
    return revert("no such function");
}

void Rewards::deposit(const Wei& fees) {
    if (fees == 0) return;
    module_.ledger().credit(modules::rewards, fees);
    module_.store_number(slot_accruing, module_.load_number(slot_accruing) + fees);
}

void Rewards::fix_pot(Epoch epoch) {
    const Wei pot = module_.load_number(slot_accruing);
    const Wei before = module_.load_number(cumulative_slot(module_.load_number(slot_fixed_epoch)));
    module_.store_number(pot_slot(epoch.value), pot);
    module_.store_number(cumulative_slot(epoch.value), before + pot);
    module_.store_number(slot_fixed_epoch, epoch.value);
    module_.store_number(slot_accruing, 0);
}

bool Rewards::balanced() const {
    const Wei pots = module_.load_number(cumulative_slot(module_.load_number(slot_fixed_epoch)));
    const Wei expected = pots + module_.load_number(slot_accruing) - module_.load_number(slot_claimed_by_all);
    return module_.ledger().balance(modules::rewards) == expected;
}

Hash256 reward_leaf(const Address& account, const Wei& cumulative) {
    const Hash256 inner = crypto::keccak256(abi::Encoder().address(account).number(cumulative).arguments());
    return crypto::keccak256(inner.view());
}

Hash256 reward_node(const Hash256& a, const Hash256& b) {
    Bytes both = to_bytes(std::min(a, b).view());
    append(both, std::max(a, b).view());
    return crypto::keccak256(both);
}

}  // namespace rondo::execution
