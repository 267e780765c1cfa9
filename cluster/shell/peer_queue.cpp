#include "cluster/shell/peer_queue.hpp"

namespace rondo::shell {

bool PeerQueue::has_room() const { return messages_.total() <= room_.messages / 8 * 7 && bytes_.total() <= room_.bytes / 8 * 7; }

bool PeerQueue::push(PeerMessage message) {
    const OperatorNumber from = message.from;
    const std::size_t bytes = message.payload.size();
    if (!messages_.has_room(from, 1, room_.messages) || !bytes_.has_room(from, bytes, room_.bytes)) return false;
    messages_.take(from, 1);
    bytes_.take(from, bytes);
    waiting_[from].push_back(std::move(message));
    return true;
}

std::optional<PeerMessage> PeerQueue::take() {
    if (waiting_.empty()) return std::nullopt;
    auto turn = waiting_.upper_bound(last_);
    if (turn == waiting_.end()) turn = waiting_.begin();
    auto& [from, messages] = *turn;
    last_ = from;
    PeerMessage message = std::move(messages.front());
    messages.pop_front();
    messages_.give_back(from, 1);
    bytes_.give_back(from, message.payload.size());
    if (messages.empty()) waiting_.erase(turn);
    return message;
}

}  // namespace rondo::shell
