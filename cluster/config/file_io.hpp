#pragma once
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "cluster/config/error.hpp"

/// Files and folders of a home, with errors that say what to do.
namespace rondo {

[[nodiscard]] Configured<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max);
/// As read_file, and refuses a file that belongs to another user or that others may read.
[[nodiscard]] Configured<std::string> read_private_file(const std::filesystem::path& path, std::size_t bytes_max);
/// Mode 0600, synced; refuses to overwrite.
[[nodiscard]] Configured<void> create_private_file(const std::filesystem::path& path, std::string_view content);
/// Mode 0644, replaced in one step.
[[nodiscard]] Configured<void> write_file(const std::filesystem::path& path, std::string_view content);
[[nodiscard]] Configured<void> rename_into_place(const std::filesystem::path& from, const std::filesystem::path& to);
/// Creates the folder with mode 0700, and its parents; an existing one must be ours and closed to others.
[[nodiscard]] Configured<void> make_private_folder(const std::filesystem::path& path);

/// The first line of a file descriptor, without its end.
[[nodiscard]] Configured<std::string> read_line(int descriptor);
/// Asks on the controlling terminal without echo.
[[nodiscard]] Configured<std::string> prompt_secret(const std::string& prompt);

}  // namespace rondo
