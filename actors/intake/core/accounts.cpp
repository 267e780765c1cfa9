#include "actors/intake/core/accounts.hpp"

#include "actors/intake/core/limits.hpp"

namespace rondo::intake {

void Sender::find_next_nonce() {
    next_nonce = nonce;
    for (auto it = in_flight.lower_bound(nonce); it != in_flight.end() && it->first == next_nonce; ++it) ++next_nonce;
}

Sender* Accounts::find(const Address& address) {
    if (const auto it = young_.find(address); it != young_.end()) return it->second.get();
    const auto it = old_.find(address);
    if (it == old_.end()) return nullptr;
    auto moved = old_.extract(it);
    return young_.insert(std::move(moved)).position->second.get();
}

Sender& Accounts::of(const Address& address) {
    if (Sender* known = find(address)) return *known;
    if (++made_ >= account_cache_max) turn_generation();
    return *young_.emplace(address, std::make_unique<Sender>()).first->second;
}

void Accounts::turn_generation() {
    made_ = 0;
    std::swap(young_, old_);
    // The order in which these move is not seen by anyone.
    for (auto it = young_.begin(); it != young_.end();) {
        if (it->second->pinned())
            ++it;
        else
            it = young_.erase(it);
    }
}

void Accounts::ask(const Address& address, Sender& sender) {
    if (sender.asked) return;
    sender.asked = true;
    queue_.push_back(address);
}

void Accounts::flush() {
    while (!queue_.empty() && asks_.size() < account_asks_max) {
        GetAccounts request;
        while (!queue_.empty() && request.addresses.size() < account_ask_addresses_max) {
            request.addresses.push_back(queue_.front());
            queue_.pop_front();
        }
        const AskId id = common_.next_ask++;
        common_.effects->asks.push_back({Askable::execution, id, encode(ExecutionRequest(request)), account_ask_deadline_ms});
        asks_.emplace(id, std::move(request.addresses));
    }
}

std::optional<std::vector<Address>> Accounts::on_answer(const Answer& answer) {
    const auto it = asks_.find(answer.id);
    if (it == asks_.end()) return std::nullopt;
    std::vector<Address> addresses = std::move(it->second);
    asks_.erase(it);
    const auto decoded = decode<ExecutionReply>(answer.payload ? ByteView(*answer.payload) : ByteView{});
    const auto* reply = decoded ? std::get_if<AccountsReply>(&*decoded) : nullptr;
    const bool complete = reply != nullptr && reply->accounts.size() == addresses.size();
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        Sender& sender = of(addresses[i]);
        sender.asked = false;
        if (!complete || (sender.known && sender.as_of >= reply->height)) continue;
        sender.known = true;
        sender.as_of = reply->height;
        sender.nonce = reply->accounts[i].nonce;
        sender.balance = reply->accounts[i].balance;
        sender.find_next_nonce();
    }
    return addresses;
}

void Accounts::forget_all() {
    for (Generation* generation : {&young_, &old_})
        for (auto& [address, sender] : *generation) {
            sender->known = false;
            if (sender->pinned()) ask(address, *sender);
        }
    flush();
}

bool Accounts::on_touched(Height height, const AccountState& state) {
    Sender* sender = find(state.address);
    if (sender == nullptr || (sender->known && sender->as_of >= height)) return false;
    sender->known = true;
    sender->as_of = height;
    sender->nonce = state.nonce;
    sender->balance = state.balance;
    sender->find_next_nonce();
    return true;
}

}  // namespace rondo::intake
