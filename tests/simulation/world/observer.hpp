#pragma once
#include "cluster/runtime/core.hpp"

namespace rondo::sim {

using NodeIndex = std::size_t;

/// Sees what leaves an actor, at the moment it leaves it: what an outsider could see, and nothing of what a core thinks.
class Observer {
  public:
    virtual ~Observer() = default;
    virtual void on_send(NodeIndex /*node*/, const Send& /*message*/) {}
    /// `again`: a row said before, to a subscriber that asked for it.
    virtual void on_publish(NodeIndex /*node*/, Stream /*stream*/, std::uint64_t /*sequence*/, ByteView /*payload*/,
                            bool /*again*/) {}
    virtual void on_ask(NodeIndex /*node*/, Actor /*from*/, Askable /*whom*/, ByteView /*payload*/) {}
    virtual void on_reply(NodeIndex /*node*/, Actor /*from*/, ByteView /*payload*/) {}
};

}  // namespace rondo::sim
