#pragma once
#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace rondo {

/// Starts a program with its output appended to a log, in a process group of its own, and so that it is killed when the
/// calling thread's process ends, however that happens. Returns its pid, or -1.
[[nodiscard]] pid_t spawn(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                          const std::filesystem::path& log);

/// Keeps a log below its bound: what is in it becomes `<log>.1`. The process goes on writing into the emptied file; lines
/// written meanwhile may be lost.
void rotate_log(const std::filesystem::path& log, std::uintmax_t bytes_max);

/// What the process said last, cut to a sentence's length; empty if it said nothing.
[[nodiscard]] std::string last_line(const std::filesystem::path& log);

/// The folder of the running program: the actors' programs lie beside it.
[[nodiscard]] std::filesystem::path program_folder();

}  // namespace rondo
