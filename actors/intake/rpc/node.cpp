#include "actors/intake/rpc/node.hpp"

namespace rondo::rpc {

Node::Node(asio::io_context& io, const RpcConfig& config)
    : config_(config),
      intake_(io, config.node.at(Actor::intake).router),
      consensus_(io, config.node.at(Actor::consensus).router),
      execution_(io, config.node.at(Actor::execution).router),
      da_(io, config.node.at(Actor::da).router) {}

void Node::close() {
    for (Upstream* actor : {&intake_, &consensus_, &execution_, &da_}) actor->close();
}

}  // namespace rondo::rpc
