#pragma once
#include "actors/execution/core/modules/staking.hpp"
#include "messages/ethereum/abi.hpp"
#include "world.hpp"

/// A world whose accounts register operators and change them.
namespace rondo::execution::test {

/// A new operator, named by the numbers of its keys (world.hpp).
struct Newcomer {
    std::uint32_t account = 0;  ///< that registers it
    std::uint32_t key = 50;
    std::uint32_t transport = 50;
    std::string moniker = "newcomer";
    Endpoints at = endpoints(50);
};

class RegistryWorld : public World {
  public:
    explicit RegistryWorld(const WorldOptions& options = {});

    [[nodiscard]] Bytes proof(std::uint32_t key, std::uint32_t account, const TransportKey& transport) const;
    [[nodiscard]] Bytes register_call(const Newcomer& newcomer) const;
    [[nodiscard]] Bytes rotate_call(std::uint32_t number, std::uint32_t key, std::uint32_t transport,
                                    std::uint32_t account) const;
    [[nodiscard]] static Bytes leave_call(std::uint32_t number) { return abi::Encoder().number(number).call(modules::leave); }
    [[nodiscard]] static Bytes withdraw_call(std::uint32_t number) {
        return abi::Encoder().number(number).call(modules::withdraw);
    }
    [[nodiscard]] static Bytes endpoints_call(std::uint32_t number, const Endpoints& e);
    /// Two votes for one view, signed by the key that the epoch's context names.
    [[nodiscard]] Bytes evidence_call(Epoch epoch, std::uint32_t number, std::uint32_t key, std::uint64_t view);

    /// With the account's next nonce.
    [[nodiscard]] LaneTransaction send(std::uint32_t from, const Address& to, const Bytes& data, const Wei& value = 0);
    /// A block with this call in it; true if it succeeded.
    bool call(std::uint32_t from, const Bytes& data, const Wei& value = 0, const Address& to = modules::staking);
    /// Why the staking module refuses the call now; empty if it does not. The value is given to the caller first, and nothing
    /// stays.
    [[nodiscard]] std::string refusal(std::uint32_t from, const Bytes& data, const Wei& value = 0);
    ExecutedBlock run_until(Height height);
    [[nodiscard]] Registry registry();
    [[nodiscard]] std::optional<OperatorNumber> user_of(std::uint32_t key);
    /// Of the last transaction with effect in the newest block.
    [[nodiscard]] ethereum::LogEntry last_log();

  private:
    std::map<std::uint32_t, std::uint64_t> nonces_;
};

}  // namespace rondo::execution::test
