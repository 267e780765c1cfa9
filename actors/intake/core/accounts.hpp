#pragma once
#include <deque>
#include <map>
#include <memory>
#include <vector>

#include "actors/intake/core/common.hpp"
#include "messages/base/uint256.hpp"
#include "messages/wire/execution.hpp"
#include "messages/wire/requests.hpp"

namespace rondo::intake {

/// A promised transaction that execution has not passed yet.
struct InFlight {
    Hash256 hash{};
    Wei cost;
};

/// An admissible transaction with what admission needs to know of it.
struct Candidate {
    LaneTransaction transaction;
    Hash256 hash{};
    std::uint64_t nonce = 0;
    std::optional<Wei> cost;  ///< nothing: more than any balance
    Wei max_fee;
    Wei max_priority_fee;
    std::uint64_t accepted_ms = 0;
    bool again = false;  ///< was skipped once for a gap
    Party party{};
};

/// What this intake knows of an account, and what it holds and has promised of it.
struct Sender {
    bool known = false;
    bool asked = false;
    std::uint64_t nonce = 0;  ///< as of `as_of`
    Wei balance;
    Height as_of;
    std::uint64_t next_nonce = 0;       ///< the first neither executed nor in flight; valid when known
    std::uint64_t forwarded_nonce = 0;  ///< one above the highest that another lane accepted through us
    Wei in_flight_cost;
    std::map<std::uint64_t, InFlight> in_flight;
    std::map<std::uint64_t, Candidate> held;
    Epoch home_epoch{0};
    LaneId home;

    [[nodiscard]] bool covers(const Wei& cost) const { return balance >= in_flight_cost && balance - in_flight_cost >= cost; }
    void find_next_nonce();
    /// After `promised` went in flight: usually one step, whatever else is in flight.
    void find_next_nonce_after(std::uint64_t promised) {
        if (promised == next_nonce) ++next_nonce;
    }
    [[nodiscard]] bool pinned() const { return asked || !in_flight.empty() || !held.empty(); }
};

/// A bounded cache of accounts: kept current by `results`, filled from execution on a miss.
///   1. A newer height always wins: an answer may be older than a result that arrived before it.
///   2. Senders with anything held, in flight or asked for are never evicted.
class Accounts {
  public:
    explicit Accounts(Common& common) : common_(common) {}

    /// Finds or makes; a made one is unknown until execution answered.
    [[nodiscard]] Sender& of(const Address& address);
    [[nodiscard]] Sender* find(const Address& address);

    /// Asks execution unless that is under way. `flush` sends, many at once.
    void ask(const Address& address, Sender& sender);
    void flush();
    /// The addresses whose asking has ended, in the order they were asked for; unknown ones got no answer in time.
    [[nodiscard]] std::optional<std::vector<Address>> on_answer(const Answer& answer);
    /// Nothing that execution said so far holds any more: those that are needed are asked for again.
    void forget_all();
    /// True if the account is cached and changed.
    [[nodiscard]] bool on_touched(Height height, const AccountState& state);

    [[nodiscard]] std::size_t cached_count() const { return young_.size() + old_.size(); }

  private:
    using Generation = std::map<Address, std::unique_ptr<Sender>>;
    void turn_generation();

    Common& common_;
    // Two generations instead of a list of uses: what is used moves to the young one; the old one goes as a whole.
    Generation young_;
    Generation old_;
    std::size_t made_ = 0;  ///< since the last turn: pinned ones alone never force one
    std::deque<Address> queue_;
    std::map<AskId, std::vector<Address>> asks_;
};

}  // namespace rondo::intake
