#pragma once
#include <filesystem>
#include <string_view>

/// Files that are there whole or not at all.
namespace rondo::store {

inline constexpr std::string_view unfinished_suffix = ".tmp";

/// What lies under this name while it is written.
[[nodiscard]] inline std::filesystem::path unfinished(std::filesystem::path path) { return path += unfinished_suffix; }

/// Each returns 0, or an errno.
[[nodiscard]] int sync_file(const std::filesystem::path& path);
/// Syncs what lies at unfinished(path), gives it its name, and syncs the folder.
[[nodiscard]] int finish(const std::filesystem::path& path);
/// Appends a checksum of all that the file holds.
[[nodiscard]] int seal(const std::filesystem::path& path);
/// It ends with the checksum of what is before it.
[[nodiscard]] bool is_sealed(const std::filesystem::path& path);
/// `to` is there whole and synced, or not at all: what `from` held before it was sealed.
[[nodiscard]] int copy_sealed(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace rondo::store
