#include "actors/execution/core/modules/staking.hpp"

#include <algorithm>

namespace rondo::execution {
namespace {

const Word256 slot_operators = slot_number(0);
const Word256 slot_contexts = slot_number(1);
const Word256 slot_next = slot_number(2);
const Word256 slot_list = slot_number(3);
const Word256 slot_bonded = slot_number(4);
const Word256 slot_keys = slot_number(5);
const Word256 slot_transport_keys = slot_number(6);

/// Words of the struct.
enum Field : std::uint64_t {
    bond,
    jailed,
    key,
    transport_key,
    owner,
    watcher,
    rewards,
    moniker,
    host,
    ports,
    left_at,
    withdrawn,
    place
};

Word256 slot_of(OperatorNumber number, Field field) {
    return field_slot(mapping_slot(slot_operators, to_word(number.value)), field);
}

template <class Fixed32>
Word256 as_word(const Fixed32& value) {
    return *Word256::from(value.view());
}

Address address_in(const Word256& word) { return *Address::from(word.view().last(Address::size_bytes)); }

constexpr unsigned port_bits = 16;

uint256 packed_ports(const Endpoints& e) {
    return uint256(e.state) << 4 * port_bits | uint256(e.fetch) << 3 * port_bits | uint256(e.sync) << 2 * port_bits |
           uint256(e.votes) << port_bits | uint256(e.lanes);
}

std::uint16_t port_in(const uint256& packed, unsigned index) {
    return static_cast<std::uint16_t>(packed >> index * port_bits & std::uint16_t{0xffff});
}

std::optional<OperatorNumber> user_in(const uint256& entry) {
    if (entry == 0) return std::nullopt;
    return OperatorNumber(static_cast<std::uint32_t>(entry - 1));
}

}  // namespace

// ---------------------------------------------------------------------------------------------- reads

bool Staking::is_listed(OperatorNumber number) const { return module_.load_number(slot_of(number, place)) != 0; }

bool Staking::is_known(OperatorNumber number) const {
    return is_listed(number) || module_.load_number(slot_of(number, withdrawn)) != 0;
}

Wei Staking::bond_of(OperatorNumber number) const { return module_.load_number(slot_of(number, bond)); }
bool Staking::is_jailed(OperatorNumber number) const { return module_.load_number(slot_of(number, jailed)) != 0; }
Address Staking::owner_of(OperatorNumber number) const { return address_in(module_.load(slot_of(number, owner))); }
std::uint64_t Staking::left_at(OperatorNumber number) const {
    return static_cast<std::uint64_t>(module_.load_number(slot_of(number, Field::left_at)));
}
std::string Staking::moniker_of(OperatorNumber number) const { return load_string(module_, slot_of(number, moniker)); }

RegisteredOperator Staking::registered(OperatorNumber number) const {
    const auto word = [&](Field field) { return module_.load(slot_of(number, field)); };
    RegisteredOperator out;
    out.number = number;
    out.bond = bond_of(number);
    out.jailed = is_jailed(number);
    out.left = left_at(number) != 0;
    out.key = *PublicKey::from(word(key).view());
    out.transport_key = *TransportKey::from(word(transport_key).view());
    out.owner = owner_of(number);
    out.watcher_account = address_in(word(watcher));
    out.rewards_account = address_in(word(rewards));
    const uint256 packed = module_.load_number(slot_of(number, ports));
    out.endpoints = {load_string(module_, slot_of(number, host)),
                     port_in(packed, 0),
                     port_in(packed, 1),
                     port_in(packed, 2),
                     port_in(packed, 3),
                     port_in(packed, 4)};
    return out;
}

std::optional<OperatorNumber> Staking::user_of(const PublicKey& used) const {
    return user_in(module_.load_number(mapping_slot(slot_keys, as_word(used))));
}

std::optional<OperatorNumber> Staking::user_of(const TransportKey& used) const {
    return user_in(module_.load_number(mapping_slot(slot_transport_keys, as_word(used))));
}

std::uint64_t Staking::next_number() const { return static_cast<std::uint64_t>(module_.load_number(slot_next)); }
std::uint64_t Staking::listed_count() const { return static_cast<std::uint64_t>(module_.load_number(slot_list)); }
Wei Staking::bonded() const { return module_.load_number(slot_bonded); }

Registry Staking::registry() const {
    Registry out;
    const std::uint64_t count = listed_count();
    for (std::uint64_t i = 0; i < count; ++i)
        out.operators.push_back(
            registered(OperatorNumber(static_cast<std::uint32_t>(module_.load_number(content_slot(slot_list, i))))));
    std::sort(out.operators.begin(), out.operators.end(), [](const auto& a, const auto& b) { return a.number < b.number; });
    return out;
}

// ---------------------------------------------------------------------------------------------- changes

void Staking::put(const Word256& slot, const Word256& word) {
    if (call_ != nullptr)
        call_->store(module_, slot, word);
    else
        module_.store(slot, word);
}

void Staking::put_string(const Word256& slot, std::string_view value) {
    for (const StoredWord& stored : string_words(slot, value, load_string(module_, slot))) put(stored.slot, stored.word);
}

void Staking::note_change(OperatorNumber number) {
    if (call_ != nullptr) call_->operators.push_back(number);
}

void Staking::add(const RegisteredOperator& fresh, const std::string& name) {
    const OperatorNumber number = fresh.number;
    const std::uint64_t index = listed_count();
    const auto sum = checked_add(bonded(), fresh.bond);
    require(!is_known(number) && sum.has_value(), "an operator is registered twice, or the bonds overflow");
    put(slot_of(number, bond), fresh.bond);
    put(slot_of(number, owner), word_of(fresh.owner));
    put(slot_of(number, watcher), word_of(fresh.watcher_account));
    put(slot_of(number, rewards), word_of(fresh.rewards_account));
    put_string(slot_of(number, moniker), name);
    put(slot_of(number, place), index + 1);
    put(content_slot(slot_list, index), number.value);
    put(slot_list, index + 1);
    put(slot_next, std::max<std::uint64_t>(next_number(), std::uint64_t{number.value} + 1));
    put(slot_bonded, *sum);
    set_keys(number, fresh.key, fresh.transport_key);
    set_endpoints(number, fresh.endpoints);
}

void Staking::leave(OperatorNumber number, std::uint64_t timestamp_ms) {
    put(slot_of(number, Field::left_at), timestamp_ms);
    note_change(number);
}

void Staking::end_duty(const EpochContext& over, std::uint64_t timestamp_ms) {
    for (const OperatorInfo& member : over.operators)
        if (left_at(member.number) != 0) put(slot_of(member.number, Field::left_at), timestamp_ms);
}

void Staking::set_keys(OperatorNumber number, const PublicKey& new_key, const TransportKey& new_transport_key) {
    put(slot_of(number, key), as_word(new_key));
    put(slot_of(number, transport_key), as_word(new_transport_key));
    put(mapping_slot(slot_keys, as_word(new_key)), uint256(number.value) + 1);
    put(mapping_slot(slot_transport_keys, as_word(new_transport_key)), uint256(number.value) + 1);
    note_change(number);
}

void Staking::set_endpoints(OperatorNumber number, const Endpoints& endpoints) {
    put_string(slot_of(number, host), endpoints.host);
    put(slot_of(number, ports), packed_ports(endpoints));
    note_change(number);
}

/// The last of the list takes the free place.
void Staking::take_from_list(OperatorNumber number) {
    const std::uint64_t last = listed_count() - 1;
    const auto index = static_cast<std::uint64_t>(module_.load_number(slot_of(number, place))) - 1;
    const OperatorNumber moved(static_cast<std::uint32_t>(module_.load_number(content_slot(slot_list, last))));
    put(content_slot(slot_list, index), moved.value);
    put(slot_of(moved, place), index + 1);
    put(content_slot(slot_list, last), 0);
    put(slot_list, last);
    put(slot_of(number, place), 0);
}

Wei Staking::remove(OperatorNumber number) {
    require(is_listed(number), "an operator withdraws that is not listed");
    const Wei paid = bond_of(number);
    put(slot_of(number, bond), 0);
    put(slot_of(number, withdrawn), 1);
    put(slot_bonded, bonded() - paid);
    take_from_list(number);
    note_change(number);
    return paid;
}

Wei Staking::slash(OperatorNumber number, std::uint64_t permille) {
    const Wei before = bond_of(number);
    Wei taken = before * permille / 1000;
    put(slot_of(number, bond), before - taken);
    put(slot_of(number, jailed), 1);
    put(slot_bonded, bonded() - taken);
    require(module_.ledger().burn(modules::staking, taken), "bonds exceed the staking module's balance");
    note_change(number);
    return taken;
}

Digest Staking::context_digest(Epoch epoch) const {
    return *Digest::from(module_.load(mapping_slot(slot_contexts, to_word(epoch.value))).view());
}

void Staking::note_context(Epoch epoch, const Digest& digest) {
    put(mapping_slot(slot_contexts, to_word(epoch.value)), word_of(digest));
}

}  // namespace rondo::execution
