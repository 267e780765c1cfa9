#pragma once
#include <map>
#include <optional>
#include <set>

#include "cluster/cli/nodes.hpp"

namespace rondo::cli {

/// Which admitted transactions were executed, told by the nonces of their senders alone: it needs no stream and misses nothing.
class NonceWatch {
  public:
    void admitted(const Address& sender, std::uint64_t nonce);

    struct Count {
        std::uint64_t executed = 0;
        std::uint64_t gapped = 0;  ///< behind a hole, with nothing of that sender in flight
        std::uint64_t open = 0;    ///< will be executed
    };
    /// What is known so far.
    [[nodiscard]] Count count() const;
    /// Asks an execution actor about all senders with something left. False when it does not answer.
    [[nodiscard]] bool look(Client& execution);

  private:
    struct Sender {
        std::set<std::uint64_t> left;  ///< nonces admitted and not executed
        std::uint64_t executed = 0;
        std::uint64_t again = 0;  ///< admitted for a nonce that has another transaction: has no effect
        std::uint64_t next = 0;   ///< as last heard
        bool heard = false;
    };
    void hear(Sender& sender, std::uint64_t next);
    std::map<Address, Sender> senders_;
};

}  // namespace rondo::cli
