#pragma once
#include "cluster/runtime/core.hpp"

namespace rondo::sim {

/// The rows of a simulated shell's own table.
enum class RowKind : std::uint8_t { outbox = 1, cursor = 2, head = 3, incarnation = 4 };

inline Bytes row_key(RowKind kind, std::uint8_t which = 0, std::uint64_t sequence = 0) {
    Bytes key{static_cast<std::uint8_t>(kind), which};
    append_be64(key, sequence);
    return key;
}
inline Bytes be64(std::uint64_t value) {
    Bytes out;
    append_be64(out, value);
    return out;
}
inline std::uint8_t number_of(Stream stream) { return static_cast<std::uint8_t>(stream); }

}  // namespace rondo::sim
