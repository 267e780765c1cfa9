#include "cluster/cli/nonce_watch.hpp"

namespace rondo::cli {

void NonceWatch::admitted(const Address& sender, std::uint64_t nonce) {
    Sender& s = senders_[sender];
    if (!s.left.insert(nonce).second) ++s.again;
}

void NonceWatch::hear(Sender& sender, std::uint64_t next) {
    sender.heard = true;
    sender.next = next;
    const auto end = sender.left.lower_bound(next);
    sender.executed += static_cast<std::uint64_t>(std::distance(sender.left.begin(), end));
    sender.left.erase(sender.left.begin(), end);
}

bool NonceWatch::look(Client& execution) {
    constexpr std::size_t addresses_max = 4096;  // of one request
    std::vector<std::map<Address, Sender>::iterator> asked;
    std::vector<Address> addresses;
    for (auto it = senders_.begin(); it != senders_.end(); ++it) {
        if (!it->second.left.empty()) {
            asked.push_back(it);
            addresses.push_back(it->first);
        }
        if (addresses.empty() || (addresses.size() < addresses_max && std::next(it) != senders_.end())) continue;
        const auto reply = ask_accounts(execution, addresses);
        if (!reply || reply->accounts.size() != addresses.size()) return false;
        for (std::size_t i = 0; i < asked.size(); ++i) hear(asked[i]->second, reply->accounts[i].nonce);
        asked.clear();
        addresses.clear();
    }
    return true;
}

NonceWatch::Count NonceWatch::count() const {
    Count out;
    for (const auto& entry : senders_) {
        const Sender& s = entry.second;
        out.executed += s.executed;
        const bool goes_on = !s.left.empty() && (!s.heard || *s.left.begin() == s.next);
        (goes_on ? out.open : out.gapped) += s.left.size();
        out.gapped += s.again;
    }
    return out;
}

}  // namespace rondo::cli
