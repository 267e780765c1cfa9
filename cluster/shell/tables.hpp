#pragma once
#include "cluster/runtime/core.hpp"

namespace rondo::shell {

/// The shell's own tables, after the core's in the same environment, so that one commit holds both.
struct ShellTables {
    Table cursors;  ///< stream -> next sequence, incarnation, chain
    Table outbox;   ///< (stream, sequence) -> message, or a reference to the record that holds it

    explicit ShellTables(std::size_t core_tables)
        : cursors{static_cast<std::uint8_t>(core_tables), "shell.cursors"},
          outbox{static_cast<std::uint8_t>(core_tables + 1), "shell.outbox"} {}
};

}  // namespace rondo::shell
