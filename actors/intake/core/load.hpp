#pragma once
#include <algorithm>
#include <compare>

#include "actors/intake/core/limits.hpp"
#include "cluster/runtime/core.hpp"
#include "cluster/runtime/shares.hpp"

namespace rondo::intake {

/// Whose share it is: a client's of this node, or that of another operator's users together.
struct Party {
    bool is_operator = false;
    std::uint64_t id = 0;

    [[nodiscard]] static Party client(ClientId id) { return {false, id}; }
    [[nodiscard]] static Party operator_of(OperatorNumber number) { return {true, number.value}; }
    auto operator<=>(const Party&) const = default;
};

/// What is open here: submitted and not answered, or promised and not passed by execution; by whose it is. A party that is alone
/// may have what execution passes in backlog_ms_max; in a flood the others still find as much room again, and all together never
/// have more than twice as much.
class Load {
  public:
    /// So many of this operator's promises are passed in a second, lately.
    void set_pace(std::uint64_t executed_per_second) { pace_ = executed_per_second; }
    [[nodiscard]] bool has_room(const Party& party, std::size_t bytes) const {
        return transactions_.has_room(party, 1, transactions_max()) && bytes_.has_room(party, bytes, open_bytes_max);
    }
    /// What it has already is within its share.
    [[nodiscard]] bool is_modest(const Party& party) const { return transactions_.has_room(party, 0, transactions_max()); }
    void add(const Party& party, std::size_t bytes) {
        transactions_.take(party, 1);
        bytes_.take(party, bytes);
    }
    void remove(const Party& party, std::size_t bytes) {
        transactions_.give_back(party, 1);
        bytes_.give_back(party, bytes);
    }
    [[nodiscard]] std::size_t parties() const { return transactions_.holders(); }
    [[nodiscard]] std::uint64_t bytes() const { return bytes_.total(); }

  private:
    [[nodiscard]] std::uint64_t transactions_max() const {
        return 2 * std::max<std::uint64_t>(backlog_transactions_min, pace_ * backlog_ms_max / 1000);
    }
    Shares<Party> transactions_, bytes_;
    std::uint64_t pace_ = 0;
};

}  // namespace rondo::intake
