#pragma once
#include <map>
#include <optional>
#include <set>

#include "cluster/runtime/core.hpp"
#include "cluster/runtime/limits.hpp"
#include "messages/base/bytes.hpp"

namespace rondo::bus {

/// A token bucket that may be overdrawn: whoever took more than there was waits until it has filled up again. `now` is in
/// milliseconds of a steady clock.
class Quota {
  public:
    struct Rate {
        std::uint64_t per_second;
        std::uint64_t burst;
    };
    Quota(Rate rate, DurationMs now) : rate_(rate), balance_(full()), at_(now) {}
    [[nodiscard]] bool has_one(DurationMs now);
    void spend(std::uint64_t amount, DurationMs now);

  private:
    [[nodiscard]] std::int64_t full() const { return static_cast<std::int64_t>(rate_.burst * 1000); }
    void fill(DurationMs now);
    Rate rate_;
    std::int64_t balance_;  ///< in thousandths
    DurationMs at_;
};

/// Who asks on one open channel, how much, and where the answer goes.
///  1. Operators that are listed have their number. Guests get one from first_guest on, which stands for their transport key as
///     long as they are remembered: the one that was heard least recently is forgotten for a new one.
///  2. An answer goes to the connection that was heard last.
///  3. Each has a quota of messages, and is not heard while what it was sent exceeds its quota of bytes. Guests together have one
///     more of each kind, so that nobody gets more by having many keys.
///  4. Nor is a guest answered then: what it asked before is many answers, and all guests would wait until they are paid back.
///     So nobody owes more than one message. Operators owe to nobody's cost but their own.
class Askers {
  public:
    /// False if it is beyond the quota. `connection` is empty for what came in on an own DEALER.
    [[nodiscard]] bool hear_operator(OperatorNumber number, ByteView connection, DurationMs now);
    /// Its number; nothing if it is beyond the quota.
    [[nodiscard]] std::optional<OperatorNumber> hear_guest(const TransportKey& key, ByteView connection, DurationMs now);
    /// False if the quota of bytes of a guest, or that of all, is used up.
    [[nodiscard]] bool may_be_sent(OperatorNumber number, DurationMs now);
    /// So many bytes were sent to it. Whoever was never heard pays nothing.
    void charge(OperatorNumber number, std::size_t bytes, DurationMs now);
    /// Nothing if it was not heard, or is forgotten.
    [[nodiscard]] const Bytes* connection_of(OperatorNumber number) const;
    /// Forgets the operators that are no longer listed.
    void keep_operators(const std::set<OperatorNumber>& listed);

  private:
    struct Quotas {
        Quota messages, bytes;
        [[nodiscard]] bool allow(DurationMs now) { return messages.has_one(now) && bytes.has_one(now); }
    };
    struct Asker {
        Quotas quotas;
        Bytes connection;
    };
    struct Guest {
        OperatorNumber number;
        Asker asker;
        std::uint64_t heard = 0;  ///< the later, the higher
    };
    Guest& remember(const TransportKey& key, DurationMs now);
    void forget_one_guest();
    [[nodiscard]] OperatorNumber free_number();

    std::map<OperatorNumber, Asker> operators_;
    std::map<TransportKey, Guest> guests_;
    std::map<OperatorNumber, TransportKey> guest_keys_;
    std::optional<Quotas> all_guests_;  ///< once the first was heard
    OperatorNumber last_guest_{no_operator.value - 1};
    std::uint64_t heard_ = 0;
};

}  // namespace rondo::bus
