#pragma once
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/config/error.hpp"

namespace rondo {

struct NumberRange {
    std::uint64_t min = 0;
    std::uint64_t max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
};

/// One table of a TOML file. Reading a key makes it known; what was never asked for is an error of TomlFile::finish().
/// Readers never fail on the spot: they note the first fault and return the fallback, so that loading code reads straight.
class TomlTable {
  public:
    [[nodiscard]] std::string text(std::string_view key);
    [[nodiscard]] std::string text_or(std::string_view key, std::string_view fallback);
    [[nodiscard]] std::uint64_t number(std::string_view key, NumberRange range = {});
    [[nodiscard]] std::uint64_t number_or(std::string_view key, std::uint64_t fallback, NumberRange range = {});
    /// A number, or nothing where the text "none" stands; one of them must.
    [[nodiscard]] std::optional<std::uint64_t> number_or_none(std::string_view key, NumberRange range = {});
    [[nodiscard]] bool flag_or(std::string_view key, bool fallback);
    /// An absent table reads as an empty one.
    [[nodiscard]] TomlTable table(std::string_view key);
    [[nodiscard]] std::vector<TomlTable> tables(std::string_view key);  ///< [[key]]
    [[nodiscard]] bool has(std::string_view key);
    /// Notes a fault of a value that was read well but means nothing.
    void refuse(std::string_view key, const std::string& why);

  private:
    friend class TomlFile;
    struct File;
    TomlTable(std::shared_ptr<File> file, const void* table, std::string name);
    void missing(std::string_view key, std::string_view kind);
    std::shared_ptr<File> file_;
    const void* table_;  ///< toml::table, or null when absent
    std::string name_;
};

class TomlFile {
  public:
    [[nodiscard]] static Configured<TomlFile> open(const std::filesystem::path& path);
    [[nodiscard]] TomlTable root();
    /// The first fault. Unknown keys come first, naming the nearest known one: a misspelt key is also a missing key.
    [[nodiscard]] std::optional<ConfigError> finish();

  private:
    explicit TomlFile(std::shared_ptr<TomlTable::File> file);
    std::shared_ptr<TomlTable::File> file_;
};

/// A TOML basic string, quotes included.
[[nodiscard]] std::string toml_quoted(std::string_view text);

}  // namespace rondo
