#include "cluster/ledger/peers.hpp"

#include <algorithm>

namespace rondo {

std::vector<Peer> peers_of(const std::map<Epoch, EpochContext>& contexts, OperatorNumber self) {
    std::map<OperatorNumber, Peer> peers;
    for (auto newest = contexts.rbegin(); newest != contexts.rend(); ++newest) {
        for (const OperatorInfo& o : newest->second.operators) {
            if (o.number == self) continue;
            Peer& peer = peers.try_emplace(o.number, Peer{o.number, {}, o.endpoints}).first->second;
            if (std::ranges::find(peer.transport_keys, o.transport_key) == peer.transport_keys.end())
                peer.transport_keys.push_back(o.transport_key);
        }
    }
    std::vector<Peer> out;
    out.reserve(peers.size());
    for (auto& entry : peers) out.push_back(std::move(entry.second));
    return out;
}

}  // namespace rondo
