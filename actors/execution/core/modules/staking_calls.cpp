#include <array>

#include "actors/execution/core/modules/moniker.hpp"
#include "actors/execution/core/modules/staking.hpp"
#include "messages/crypto/ed25519.hpp"
#include "messages/wire/kinds.hpp"

// What the registry refuses, and to whom.

namespace rondo::execution {
namespace {

constexpr std::uint64_t wei_per_gwei = 1'000'000'000;

tl::expected<OperatorNumber, Revert> read_operator(abi::Decoder& in, const Staking& staking) {
    const uint256 number = in.number();
    if (!in.ok()) return revert("malformed arguments");
    if (number > std::numeric_limits<std::uint32_t>::max()) return revert("unknown operator");
    const OperatorNumber known(static_cast<std::uint32_t>(number));
    if (!staking.is_known(known)) return revert("unknown operator");
    return known;
}

/// The same, if the caller may change it.
tl::expected<OperatorNumber, Revert> read_own_operator(abi::Decoder& in, const Staking& staking, const ModuleCall& call) {
    auto number = read_operator(in, staking);
    if (!number) return number;
    if (staking.owner_of(*number) != call.caller) return revert("only the account that registered the operator may do this");
    if (!staking.is_listed(*number)) return revert("the operator has withdrawn");
    return number;
}

void log_of(OperatorNumber number, std::string_view event, Bytes data, ModuleCall& call) {
    call.log(modules::staking, {abi::event_topic(event), topic_of(to_word(number.value))}, std::move(data));
}

// ---------------------------------------------------------------------------------------------- keys and endpoints

struct Keys {
    PublicKey key{};
    Bytes proof;  ///< the key's signature of who registers it, with which transport key
    TransportKey transport_key{};
};

Keys read_keys(abi::Decoder& in) {
    Keys keys;
    keys.key = *PublicKey::from(in.word().view());
    keys.proof = in.bytes();
    keys.transport_key = *TransportKey::from(in.word().view());
    return keys;
}

/// Nothing, or why these keys may not be used. A key that was used once is never free again, not even for its own operator:
/// evidence and old connections name their operator by it. `mine` may keep one of its two.
std::optional<std::string> fault_of(const Keys& keys, const RegisteredOperator* mine, const Staking& staking, ModuleCall& call) {
    if (keys.transport_key.is_zero()) return "the transport key is missing";
    const bool keeps_key = mine != nullptr && mine->key == keys.key;
    const bool keeps_transport_key = mine != nullptr && mine->transport_key == keys.transport_key;
    if (keeps_key && keeps_transport_key) return "these are the operator's keys already";
    if (!keeps_key && staking.user_of(keys.key)) return "the consensus key was used before";
    if (!keeps_transport_key && staking.user_of(keys.transport_key)) return "the transport key was used before";
    const auto proof = Signature::from(keys.proof);
    if (!proof) return "the proof must be a signature of 64 bytes";
    call.gas_used += gas::signature;
    const Bytes signed_bytes =
        signing_bytes(call.chain.genesis_digest, Epoch(0), Kind::registration, encode(KeyProof{call.caller, keys.transport_key}));
    if (!crypto::verify(keys.key, signed_bytes, *proof))
        return "the proof is not a signature of this registration by the consensus key";
    return std::nullopt;
}

std::optional<Endpoints> read_endpoints(abi::Decoder& in) {
    Endpoints endpoints;
    endpoints.host = in.string();
    for (std::uint16_t* port : {&endpoints.lanes, &endpoints.votes, &endpoints.sync, &endpoints.fetch, &endpoints.state}) {
        const std::uint64_t number = in.number64();
        if (number > std::numeric_limits<std::uint16_t>::max()) return std::nullopt;
        *port = static_cast<std::uint16_t>(number);
    }
    return in.ok() ? std::optional(std::move(endpoints)) : std::nullopt;
}

// ---------------------------------------------------------------------------------------------- register

struct Registration {
    Keys keys;
    Address watcher_account{};
    Address rewards_account{};
    std::string moniker;
    Endpoints endpoints;
};

std::optional<Registration> read_registration(ByteView arguments) {
    abi::Decoder in(arguments);
    Registration r;
    r.keys = read_keys(in);
    r.watcher_account = in.address();
    r.rewards_account = in.address();
    r.moniker = in.string();
    auto endpoints = read_endpoints(in);
    if (!endpoints) return std::nullopt;
    r.endpoints = std::move(*endpoints);
    return r;
}

/// Whether there is room for one more with this bond.
std::optional<std::string> fault_of_bond(const Wei& bond, const Staking& staking, const Parameters& parameters) {
    const Wei least = Wei(parameters.self_stake_min_gwei) * wei_per_gwei;
    if (bond < least) return "the bond must be at least " + least.str() + " wei";
    const auto sum = checked_add(staking.bonded(), bond);
    if (!sum || *sum >= bonds_end) return "the bonds would add up to 2^63 gwei";
    if (staking.listed_count() >= listed_per_member_max * parameters.operators_max) return "the registry is full";
    if (staking.next_number() >= registration_numbers_end) return "no registration number is left";
    return std::nullopt;
}

ModuleResult register_operator(ByteView arguments, ModuleCall& call) {
    const auto r = read_registration(arguments);
    if (!r) return revert("malformed arguments");
    Staking staking(call);
    if (const auto fault = fault_of_bond(call.value, staking, call.chain.genesis.parameters)) return revert(*fault);
    if (const auto fault = fault_of_moniker(r->moniker); !fault.empty()) return revert(std::string(fault));
    if (const auto fault = rondo::fault_of(r->endpoints); !fault.empty()) return revert(std::string(fault));
    if (const auto fault = fault_of(r->keys, nullptr, staking, call)) return revert(*fault);
    const OperatorNumber number(static_cast<std::uint32_t>(staking.next_number()));
    staking.add({number, call.value, false, false, r->keys.key, r->keys.transport_key, call.caller, r->watcher_account,
                 r->rewards_account, r->endpoints},
                r->moniker);
    call.log(modules::staking,
             {abi::event_topic(modules::registered_event), topic_of(to_word(number.value)), topic_of(word_of(call.caller))},
             abi::Encoder().word(*Word256::from(r->keys.key.view())).number(call.value).arguments());
    return abi::Encoder().number(number.value).arguments();
}

// ---------------------------------------------------------------------------------------------- changes by the owner

/// A member of this epoch's set, or of one that follows, answers for its signatures with its bond.
bool is_in_a_set_to_come(OperatorNumber number, const Chain& chain) {
    for (Epoch epoch = chain.epoch;; epoch = epoch.next()) {
        const EpochContext* context = chain.contexts.find(chain.store, epoch);
        if (context == nullptr) return false;
        if (context->index_of(number)) return true;
    }
}

ModuleResult leave(ByteView arguments, ModuleCall& call) {
    abi::Decoder in(arguments);
    Staking staking(call);
    const auto mine = read_own_operator(in, staking, call);
    if (!mine) return tl::unexpected(mine.error());
    if (staking.left_at(*mine) != 0) return revert("the operator has left already");
    staking.leave(*mine, call.chain.timestamp_ms);
    log_of(*mine, modules::left_event, {}, call);
    return Bytes{};
}

ModuleResult withdraw(ByteView arguments, ModuleCall& call) {
    abi::Decoder in(arguments);
    Staking staking(call);
    const auto mine = read_own_operator(in, staking, call);
    if (!mine) return tl::unexpected(mine.error());
    const std::uint64_t left_at = staking.left_at(*mine);
    if (left_at == 0) return revert("the operator must leave first");
    if (is_in_a_set_to_come(*mine, call.chain))
        return revert("the operator is still a member of this epoch's set or the next one's");
    if (call.chain.timestamp_ms - left_at < call.chain.genesis.parameters.unbonding_ms)
        return revert("the bond is still unbonding");
    const Wei bond = staking.remove(*mine);
    require(call.ledger.move(modules::staking, call.caller, bond), "bonds exceed the staking module's balance");
    log_of(*mine, modules::withdrawn_event, abi::Encoder().number(bond).arguments(), call);
    return Bytes{};
}

ModuleResult rotate_keys(ByteView arguments, ModuleCall& call) {
    abi::Decoder in(arguments);
    Staking staking(call);
    const auto mine = read_own_operator(in, staking, call);
    if (!mine) return tl::unexpected(mine.error());
    const Keys keys = read_keys(in);
    if (!in.ok()) return revert("malformed arguments");
    const RegisteredOperator before = staking.registered(*mine);
    if (const auto fault = fault_of(keys, &before, staking, call)) return revert(*fault);
    staking.set_keys(*mine, keys.key, keys.transport_key);
    log_of(*mine, modules::keys_rotated_event,
           abi::Encoder().word(*Word256::from(keys.key.view())).word(*Word256::from(keys.transport_key.view())).arguments(),
           call);
    return Bytes{};
}

ModuleResult set_endpoints(ByteView arguments, ModuleCall& call) {
    abi::Decoder in(arguments);
    Staking staking(call);
    const auto mine = read_own_operator(in, staking, call);
    if (!mine) return tl::unexpected(mine.error());
    const auto endpoints = read_endpoints(in);
    if (!endpoints) return revert("malformed arguments");
    if (const auto fault = rondo::fault_of(*endpoints); !fault.empty()) return revert(std::string(fault));
    staking.set_endpoints(*mine, *endpoints);
    log_of(*mine, modules::endpoints_changed_event, {}, call);
    return Bytes{};
}

// ---------------------------------------------------------------------------------------------- views

ModuleResult operator_of(ByteView arguments, ModuleCall& call) {
    abi::Decoder in(arguments);
    const auto key = *PublicKey::from(in.word().view());
    if (!in.ok()) return revert("malformed arguments");
    const auto user = Staking(call).user_of(key);
    return abi::Encoder().boolean(user.has_value()).number(user ? user->value : 0).arguments();
}

ModuleResult members_of(ByteView arguments, ModuleCall& call) {
    abi::Decoder in(arguments);
    const uint256 epoch = in.number();
    if (!in.ok()) return revert("malformed arguments");
    const bool fits = epoch <= std::numeric_limits<std::uint64_t>::max();
    const EpochContext* context =
        fits ? call.chain.contexts.find(call.chain.store, Epoch(static_cast<std::uint64_t>(epoch))) : nullptr;
    if (context == nullptr) return revert("the set of this epoch is not computed yet");
    std::vector<Word256> numbers;
    numbers.reserve(context->operators.size());
    for (const OperatorInfo& member : context->operators) numbers.push_back(to_word(member.number.value));
    return abi::Encoder().words(numbers).arguments();
}

ModuleResult info_of(ByteView arguments, ModuleCall& call) {
    abi::Decoder in(arguments);
    const Staking staking(call);
    const auto number = read_operator(in, staking);
    if (!number) return tl::unexpected(number.error());
    const Endpoints at = staking.registered(*number).endpoints;
    return abi::Encoder()
        .string(staking.moniker_of(*number))
        .string(at.host)
        .number(at.lanes)
        .number(at.votes)
        .number(at.sync)
        .number(at.fetch)
        .number(at.state)
        .number(staking.left_at(*number))
        .arguments();
}

ModuleResult stake_of(ByteView arguments, ModuleCall& call) {
    abi::Decoder in(arguments);
    const Staking staking(call);
    const auto number = read_operator(in, staking);
    if (!number) return tl::unexpected(number.error());
    return abi::Encoder().number(staking.bond_of(*number)).arguments();
}

ModuleResult is_jailed(ByteView arguments, ModuleCall& call) {
    abi::Decoder in(arguments);
    const Staking staking(call);
    const auto number = read_operator(in, staking);
    if (!number) return tl::unexpected(number.error());
    return abi::Encoder().boolean(staking.is_jailed(*number)).arguments();
}

}  // namespace

ModuleResult call_staking(const abi::Selector& selector, ByteView arguments, ModuleCall& call) {
    using Function = ModuleResult (*)(ByteView, ModuleCall&);
    static const std::array<std::pair<abi::Selector, Function>, 10> functions{
        {{abi::selector(modules::register_operator), register_operator},
         {abi::selector(modules::leave), leave},
         {abi::selector(modules::withdraw), withdraw},
         {abi::selector(modules::rotate_keys), rotate_keys},
         {abi::selector(modules::set_endpoints), set_endpoints},
         {abi::selector(modules::operator_of), operator_of},
         {abi::selector(modules::members_of), members_of},
         {abi::selector(modules::info_of), info_of},
         {abi::selector(modules::stake_of), stake_of},
         {abi::selector(modules::is_jailed), is_jailed}}};
    for (const auto& [name, function] : functions)
        if (name == selector) return function(arguments, call);
    return revert("no such function");
}

}  // namespace rondo::execution
