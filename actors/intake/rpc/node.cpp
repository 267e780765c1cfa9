#include "actors/intake/rpc/node.hpp"

namespace rondo::rpc {

Actors::Actors(asio::io_context& io, const RpcConfig& config_)
    : config(config_),
      intake(io, config.node.at(Actor::intake).router),
      consensus(io, config.node.at(Actor::consensus).router),
      execution(io, config.node.at(Actor::execution).router),
      da(io, config.node.at(Actor::da).router),
      large_answers(io) {}

void Actors::close() {
    for (Upstream* actor : {&intake, &consensus, &execution, &da}) actor->close();
    large_answers.close();
}

}  // namespace rondo::rpc
