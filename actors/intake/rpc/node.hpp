#pragma once
#include <functional>

#include "actors/intake/rpc/rpc_error.hpp"
#include "actors/intake/rpc/server.hpp"
#include "actors/intake/rpc/turns.hpp"
#include "actors/intake/rpc/upstream.hpp"
#include "messages/wire/requests.hpp"

namespace rondo::rpc {

/// The actors behind the methods.
struct Actors {
    Actors(asio::io_context& io, const RpcConfig& config);
    void close();

    const RpcConfig& config;
    Upstream intake;
    Upstream consensus;
    Upstream execution;
    Upstream da;
    Turns large_answers;
};

/// Memory of the caller's share, held until its request is answered; false if there is not so much.
using TakeMemory = std::function<bool(std::uint64_t bytes)>;

/// The actors as one caller sees them, each asked with its own request and reply variants. What is asked counts against the
/// caller's share of the actor.
class Node {
  public:
    Node(Actors& actors, std::string caller, TakeMemory take_memory)
        : actors_(actors), caller_(std::move(caller)), take_memory_(std::move(take_memory)) {}

    /// The alternative `Wanted` of the actor's reply, or an error fit for the caller.
    template <class Wanted>
    [[nodiscard]] asio::awaitable<tl::expected<Wanted, RpcError>> intake(IntakeRequest request);
    template <class Wanted>
    [[nodiscard]] asio::awaitable<tl::expected<Wanted, RpcError>> execution(ExecutionRequest request);
    template <class Wanted>
    [[nodiscard]] asio::awaitable<tl::expected<Wanted, RpcError>> consensus(ConsensusRequest request);
    template <class Wanted>
    [[nodiscard]] asio::awaitable<tl::expected<Wanted, RpcError>> da(DaRequest request);

    /// Before an actor is asked for what may be large.
    [[nodiscard]] bool take_memory(std::uint64_t bytes) const { return take_memory_(bytes); }
    [[nodiscard]] Turns& large_answers() const { return actors_.large_answers; }
    [[nodiscard]] const RpcConfig& config() const { return actors_.config; }

  private:
    template <class Wanted, class Reply, class Request>
    [[nodiscard]] asio::awaitable<tl::expected<Wanted, RpcError>> ask(Upstream& actor, std::string_view name, Request request);

    Actors& actors_;
    const std::string caller_;
    const TakeMemory take_memory_;
};

template <class Wanted, class Reply, class Request>
asio::awaitable<tl::expected<Wanted, RpcError>> Node::ask(Upstream& actor, std::string_view name, Request request) {
    const auto answer = co_await actor.ask(encode(request), config().limits.answer_timeout_ms, caller_);
    if (!answer) co_return tl::unexpected(unreachable(name));
    auto reply = decode<Reply>(*answer);
    if (!reply) co_return refuse(code_internal, std::string(name) + " answered in an unknown form");
    if (auto* wanted = std::get_if<Wanted>(&*reply)) co_return std::move(*wanted);
    if (const auto* error = std::get_if<RequestError>(&*reply)) co_return refuse(code_server, error->reason);
    co_return refuse(code_internal, std::string(name) + " answered something else");
}

template <class Wanted>
asio::awaitable<tl::expected<Wanted, RpcError>> Node::intake(IntakeRequest request) {
    return ask<Wanted, IntakeReply>(actors_.intake, "intake", std::move(request));
}
template <class Wanted>
asio::awaitable<tl::expected<Wanted, RpcError>> Node::execution(ExecutionRequest request) {
    return ask<Wanted, ExecutionReply>(actors_.execution, "execution", std::move(request));
}
template <class Wanted>
asio::awaitable<tl::expected<Wanted, RpcError>> Node::consensus(ConsensusRequest request) {
    return ask<Wanted, ConsensusReply>(actors_.consensus, "consensus", std::move(request));
}
template <class Wanted>
asio::awaitable<tl::expected<Wanted, RpcError>> Node::da(DaRequest request) {
    return ask<Wanted, DaReply>(actors_.da, "da", std::move(request));
}

}  // namespace rondo::rpc
