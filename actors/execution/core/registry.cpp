#include "actors/execution/core/registry.hpp"

#include <algorithm>
#include <set>

#include "actors/execution/core/modules/staking.hpp"
#include "actors/execution/core/tables.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo::execution {
namespace {

Height written_at(const StateReader& store, Height height) {
    const auto snapshot = store.get(tables::snapshots, height_key(height));
    require(snapshot.has_value(), "the snapshot of a height that may be cited is missing");
    return decode_own<Snapshot>(*snapshot).registry;
}

std::vector<OperatorNumber> jailed_in(const Registry& registry) {
    std::vector<OperatorNumber> out;
    for (const RegisteredOperator& o : registry.operators)
        if (o.jailed) out.push_back(o.number);
    return out;
}

void read_again(Registry& registry, OperatorNumber number, const Staking& staking) {
    std::vector<RegisteredOperator>& all = registry.operators;
    const auto at = std::lower_bound(all.begin(), all.end(), number,
                                     [](const RegisteredOperator& o, OperatorNumber n) { return o.number < n; });
    const bool is_here = at != all.end() && at->number == number;
    if (!staking.is_listed(number)) {
        if (is_here) all.erase(at);
    } else if (is_here) {
        *at = staking.registered(number);
    } else {
        all.insert(at, staking.registered(number));
    }
}

}  // namespace

void RegistryBook::begin(StateStore& store, Ledger& ledger) {
    newest_ = Staking(ledger).registry();
    height_ = kept_from_ = Height(0);
    cited_.reset();
    store.put(tables::registries, height_key(height_), encode(newest_));
}

RegistryRef RegistryBook::newest() const { return {height_, crypto::blake2b(encode(newest_))}; }

void RegistryBook::open(const StateReader& store, Height head) {
    height_ = written_at(store, head);
    newest_ = registry_at(store, head);
    kept_from_ = Height(0);
    cited_.reset();
}

void RegistryBook::follow(StateStore& store, Ledger& ledger, Height height, const std::vector<OperatorNumber>& changed) {
    if (changed.empty()) return;
    Registry registry = newest_;
    const Staking staking(ledger);
    for (const OperatorNumber number : std::set<OperatorNumber>(changed.begin(), changed.end()))
        read_again(registry, number, staking);
    if (registry == newest_) return;
    newest_ = std::move(registry);
    height_ = height;
    store.put(tables::registries, height_key(height), encode(newest_));
}

void RegistryBook::check(Ledger& ledger) const {
    const Staking staking(ledger);
    require(staking.registry() == newest_, "the registry that contexts come from differs from the staking module's storage");
    Wei sum;
    for (const RegisteredOperator& o : newest_.operators) sum += o.bond;
    require(sum == staking.bonded(), "bonds differ from the sum that the staking module keeps");
}

std::vector<OperatorNumber> RegistryBook::jailed() const { return jailed_in(newest_); }

const std::vector<OperatorNumber>& RegistryBook::jailed_at(const StateReader& store, Height height) {
    const Height at = written_at(store, height);
    if (!cited_ || cited_->written_at != at) cited_ = Jailed{at, jailed_in(registry_at(store, height))};
    return cited_->operators;
}

void RegistryBook::prune(StateStore& store, Height cited) {
    const Height from = written_at(store, cited);
    if (from <= kept_from_) return;
    store.erase_range(tables::registries, height_key(Height(0)), height_key(from));
    kept_from_ = from;
}

Registry registry_at(const StateReader& store, Height height) {
    const auto record = store.get(tables::registries, height_key(written_at(store, height)));
    require(record.has_value(), "the registry of a height that may be cited is missing");
    return decode_own<Registry>(*record);
}

}  // namespace rondo::execution
