#pragma once
#include <map>
#include <memory>
#include <string>

#include "cluster/runtime/core.hpp"
#include "cluster/shell/shell_config.hpp"

namespace rondo::rpc {

/// What a stranger may cost us. Checked before work is done; each refusal says which limit it met. What is shared is so by the
/// addresses (cluster/runtime/shares.hpp): one alone has half at most.
struct Limits {
    std::size_t connections_max = 512;  ///< shared
    std::size_t connections_per_address_max = 256;
    std::size_t memory_bytes_max = 256U << 20;  ///< of requests that are being read or answered, and of answers; shared
    std::size_t body_bytes_max = 4U << 20;
    std::size_t header_bytes_max = 16U << 10;
    std::size_t batch_length_max = 1000;
    std::size_t batch_answer_bytes_max = 16U << 20;  ///< what would come after it in the batch is refused
    std::size_t json_depth_max = 64;
    std::size_t json_values_max = 1U << 17;
    std::uint64_t requests_per_second_per_address = 20'000;  ///< a token bucket two seconds deep
    std::uint64_t header_timeout_ms = 10'000;                ///< from its first byte to the last one of a request
    std::uint64_t idle_timeout_ms = 120'000;                 ///< between two requests; and for an answer to be read
    std::uint64_t answer_timeout_ms = 10'000;                ///< of an actor
};

struct RpcConfig {
    std::string address = "127.0.0.1";
    std::uint16_t port = 8545;
    std::uint64_t chain_id = 0;
    std::string client_version;  ///< "rondo/0.1.0"
    std::map<Actor, ActorEndpoints> node;
    Limits limits;
};

/// JSON-RPC 2.0 over HTTP/1.1, as Ethereum wallets and libraries expect it. Runs on one thread of its own and knows
/// the actors only by their requests (cluster/bus/client.hpp).
class RpcServer {
  public:
    explicit RpcServer(RpcConfig config);
    ~RpcServer();  ///< stops
    /// Binds and serves. Empty, or a sentence that says why not and what to do.
    [[nodiscard]] std::string start();
    void stop();
    [[nodiscard]] std::uint16_t port() const;  ///< the bound one: useful with port 0
    /// What it is doing and whom it refused, by reason. From any thread.
    [[nodiscard]] std::vector<StatusField> status() const;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace rondo::rpc
