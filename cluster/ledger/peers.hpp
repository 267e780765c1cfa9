#pragma once
#include <map>

#include "cluster/runtime/core.hpp"
#include "messages/wire/epoch.hpp"

namespace rondo {

/// The operators of these sets except `self`, ascending: each at its newest endpoints, with all transport keys that it has in
/// them, the newest first.
[[nodiscard]] std::vector<Peer> peers_of(const std::map<Epoch, EpochContext>& contexts, OperatorNumber self);

}  // namespace rondo
