#include "cluster/bus/askers.hpp"

#include <algorithm>

namespace rondo::bus {
namespace {

constexpr Quota::Rate operator_messages{limits::operator_messages_per_second, limits::operator_messages_burst};
constexpr Quota::Rate operator_bytes{limits::operator_bytes_per_second, limits::operator_bytes_burst};
constexpr Quota::Rate guest_messages{limits::guest_messages_per_second, limits::guest_messages_burst};
constexpr Quota::Rate guest_bytes{limits::guest_bytes_per_second, limits::guest_bytes_burst};
constexpr Quota::Rate guests_messages{limits::guests_messages_per_second, limits::guests_messages_burst};
constexpr Quota::Rate guests_bytes{limits::guests_bytes_per_second, limits::guests_bytes_burst};

}  // namespace

void Quota::fill(DurationMs now) {
    // Nothing overflows: no debt lasts longer than a day, and after that the bucket is full.
    constexpr DurationMs day_ms = 86'400'000;
    const DurationMs elapsed = now > at_ ? now - at_ : 0;
    const std::int64_t gained = elapsed >= day_ms ? full() : static_cast<std::int64_t>(elapsed * rate_.per_second);
    balance_ = elapsed >= day_ms ? full() : std::min(full(), balance_ + gained);
    at_ = std::max(at_, now);
}

bool Quota::has_one(DurationMs now) {
    fill(now);
    return balance_ >= 1000;
}

void Quota::spend(std::uint64_t amount, DurationMs now) {
    fill(now);
    balance_ -= static_cast<std::int64_t>(amount * 1000);
}

bool Askers::hear_operator(OperatorNumber number, ByteView connection, DurationMs now) {
    const Quotas fresh{{operator_messages, now}, {operator_bytes, now}};
    Asker& asker = operators_.try_emplace(number, Asker{fresh, {}}).first->second;
    if (!connection.empty()) asker.connection = to_bytes(connection);
    if (!asker.quotas.allow(now)) return false;
    asker.quotas.messages.spend(1, now);
    return true;
}

std::optional<OperatorNumber> Askers::hear_guest(const TransportKey& key, ByteView connection, DurationMs now) {
    if (!all_guests_) all_guests_ = Quotas{{guests_messages, now}, {guests_bytes, now}};
    const auto known = guests_.find(key);
    if (known != guests_.end()) {
        known->second.heard = ++heard_;
        known->second.asker.connection = to_bytes(connection);
        if (!known->second.asker.quotas.allow(now)) return std::nullopt;
    }
    // The table changes no faster than guests together may speak.
    if (!all_guests_->allow(now)) return std::nullopt;
    Guest& guest = known != guests_.end() ? known->second : remember(key, now);
    guest.asker.connection = to_bytes(connection);
    guest.asker.quotas.messages.spend(1, now);
    all_guests_->messages.spend(1, now);
    return guest.number;
}

Askers::Guest& Askers::remember(const TransportKey& key, DurationMs now) {
    if (guests_.size() >= limits::guests_max) forget_one_guest();
    const OperatorNumber number = free_number();
    guest_keys_.emplace(number, key);
    const Asker fresh{{{guest_messages, now}, {guest_bytes, now}}, {}};
    return guests_.emplace(key, Guest{number, fresh, ++heard_}).first->second;
}

void Askers::forget_one_guest() {
    const auto oldest = std::ranges::min_element(guests_, {}, [](const auto& entry) { return entry.second.heard; });
    guest_keys_.erase(oldest->second.number);
    guests_.erase(oldest);
}

OperatorNumber Askers::free_number() {
    do {
        last_guest_ = last_guest_.next() == no_operator ? first_guest : last_guest_.next();
    } while (guest_keys_.contains(last_guest_));
    return last_guest_;
}

bool Askers::may_be_sent(OperatorNumber number, DurationMs now) {
    const auto key = guest_keys_.find(number);
    if (key == guest_keys_.end()) return true;
    return guests_.at(key->second).asker.quotas.bytes.has_one(now) && all_guests_->bytes.has_one(now);
}

void Askers::charge(OperatorNumber number, std::size_t bytes, DurationMs now) {
    if (const auto key = guest_keys_.find(number); key != guest_keys_.end()) {
        guests_.at(key->second).asker.quotas.bytes.spend(bytes, now);
        all_guests_->bytes.spend(bytes, now);
    } else if (const auto known = operators_.find(number); known != operators_.end()) {
        known->second.quotas.bytes.spend(bytes, now);
    }
}

const Bytes* Askers::connection_of(OperatorNumber number) const {
    if (const auto key = guest_keys_.find(number); key != guest_keys_.end()) return &guests_.at(key->second).asker.connection;
    const auto known = operators_.find(number);
    return known == operators_.end() || known->second.connection.empty() ? nullptr : &known->second.connection;
}

void Askers::keep_operators(const std::set<OperatorNumber>& listed) {
    std::erase_if(operators_, [&](const auto& entry) { return !listed.contains(entry.first); });
}

}  // namespace rondo::bus
