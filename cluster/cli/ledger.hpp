#pragma once
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "cluster/cli/nodes.hpp"
#include "cluster/cli/print.hpp"

/// The ledger, as whoever reads it and sends it transactions sees it: through the actors of the home, or through the JSON-RPC of
/// somebody else's node.
namespace rondo::cli {

struct Trouble {
    Exit code = exit_no;
    std::string message;
};
template <class T>
using Answered = tl::expected<T, Trouble>;
[[nodiscard]] inline tl::unexpected<Trouble> trouble(Exit code, std::string message) {
    return tl::unexpected(Trouble{code, std::move(message)});
}

/// What became of a transaction.
struct Ending {
    bool had_effect = false;  ///< false: ordered, but passed over
    bool succeeded = false;
    Height height;
    std::string skipped_because;
};

class Ledger {
  public:
    virtual ~Ledger() = default;
    [[nodiscard]] virtual Answered<std::uint64_t> chain_id() = 0;
    /// At the executed head. A revert is an error with the module's reason.
    [[nodiscard]] virtual Answered<Bytes> call(const Call& what) = 0;
    [[nodiscard]] virtual Answered<std::uint64_t> estimate(const Call& what) = 0;
    [[nodiscard]] virtual Answered<std::uint64_t> next_nonce(const Address& account) = 0;
    [[nodiscard]] virtual Answered<Wei> base_fee() = 0;
    [[nodiscard]] virtual Answered<Epoch> epoch() = 0;
    [[nodiscard]] virtual Answered<void> submit(const Bytes& raw) = 0;
    /// Nothing as long as it is not ordered, or nobody answers.
    [[nodiscard]] virtual std::optional<Ending> ending_of(const Hash256& hash) = 0;
};

/// Asks the nodes of the home, one after the other until one answers.
[[nodiscard]] std::unique_ptr<Ledger> ledger_of_home(const ClusterView& view);
/// "http://host:port" or https.
[[nodiscard]] std::unique_ptr<Ledger> ledger_by_rpc(const std::string& url);

/// The sentence in Solidity's Error(string).
[[nodiscard]] std::string reason_of(const Bytes& output);

}  // namespace rondo::cli
