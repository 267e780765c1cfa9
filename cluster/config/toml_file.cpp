#include "cluster/config/toml_file.hpp"

#include <array>
#include <cstdio>
#include <set>

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
// toml++ 3.3 asserts of a table's header, like [=], what it refuses with a proper error a few lines on: a slip in a file must not
// abort the program.
#define TOML_ASSERT(expr) static_cast<void>(0)
#include <toml++/toml.h>

#include "cluster/config/file_io.hpp"
#include "cluster/config/nearest.hpp"
#include "messages/base/utf8.hpp"

namespace rondo {

struct TomlTable::File {
    std::string path;
    toml::table root;
    std::optional<ConfigError> fault;
    /// In the order in which tables were opened, so that the first unknown key reported is the first a reader would meet.
    struct Opened {
        const toml::table* table;
        std::string name;
        std::set<std::string> known;
    };
    std::vector<Opened> opened;

    [[nodiscard]] std::string at(const toml::source_region& where) const {
        return path + ":" + std::to_string(where.begin.line) + ": ";
    }
    void note(std::string message) {
        if (!fault) fault = ConfigError{std::move(message)};
    }
    void make_known(const void* table, const std::string& name, std::string_view key) {
        for (Opened& o : opened)
            if (o.table == table && o.name == name) o.known.insert(std::string(key));
    }
};

namespace {
constexpr std::size_t file_bytes_max = 1U << 20;

/// The text in ASCII alone: escaped in texts, left out of comments. toml++ 3.3 runs into undefined behaviour on many other
/// characters (is_non_ascii_horizontal_whitespace). Or the first line with one elsewhere.
tl::expected<std::string, std::size_t> in_ascii(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);  // byte order mark
    std::string out;
    std::size_t line = 1;
    char inside = 0;  // a quote, or #
    bool escaping = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (static_cast<unsigned char>(c) > 0x7f) {
            std::string_view rest = text.substr(i);
            const auto found = next_code_point(rest);
            const bool may_stand = inside == '#' || (inside == '"' && !escaping);
            if (!found || !may_stand) return tl::unexpected(line);
            std::array<char, 11> escaped{};
            std::snprintf(escaped.data(), escaped.size(), "\\U%08X", static_cast<unsigned>(*found));
            if (inside == '"') out += escaped.data();
            i = text.size() - rest.size() - 1;
            continue;
        }
        out += c;
        if (c == '\n') {
            inside = 0;
            ++line;
        } else if (inside == 0) {
            if (c == '#' || c == '"' || c == '\'') inside = c;
        } else if (c == inside && c != '#' && !escaping) {
            inside = 0;
        }
        escaping = c == '\\' && inside == '"' && !escaping;
    }
    return out;
}

const toml::node* find(const void* table, std::string_view key) {
    return table == nullptr ? nullptr : static_cast<const toml::table*>(table)->get(key);
}
std::string in_table(const std::string& name, std::string_view key) {
    return name.empty() ? "'" + std::string(key) + "'" : "'" + std::string(key) + "' in [" + name + "]";
}
}  // namespace

TomlTable::TomlTable(std::shared_ptr<File> file, const void* table, std::string name)
    : file_(std::move(file)), table_(table), name_(std::move(name)) {
    if (table_ != nullptr) file_->opened.push_back({static_cast<const toml::table*>(table_), name_, {}});
}

void TomlTable::missing(std::string_view key, std::string_view kind) {
    file_->note(file_->path + ": " + in_table(name_, key) + " is missing; add it as " + std::string(kind));
}

bool TomlTable::has(std::string_view key) {
    file_->make_known(table_, name_, key);
    return find(table_, key) != nullptr;
}

std::string TomlTable::text(std::string_view key) {
    if (!has(key)) {
        missing(key, "a text in quotes");
        return {};
    }
    return text_or(key, "");
}

std::string TomlTable::text_or(std::string_view key, std::string_view fallback) {
    if (!has(key)) return std::string(fallback);
    const toml::node* node = find(table_, key);
    if (const auto* value = node->as_string()) return value->get();
    file_->note(file_->at(node->source()) + in_table(name_, key) + " must be a text in quotes");
    return std::string(fallback);
}

std::uint64_t TomlTable::number(std::string_view key, NumberRange range) {
    if (!has(key)) {
        missing(key, "a whole number");
        return range.min;
    }
    return number_or(key, range.min, range);
}

std::uint64_t TomlTable::number_or(std::string_view key, std::uint64_t fallback, NumberRange range) {
    if (!has(key)) return fallback;
    const toml::node* node = find(table_, key);
    const auto* value = node->as_integer();
    if (value == nullptr || value->get() < 0 || static_cast<std::uint64_t>(value->get()) < range.min ||
        static_cast<std::uint64_t>(value->get()) > range.max) {
        file_->note(file_->at(node->source()) + in_table(name_, key) + " must be a whole number from " +
                    std::to_string(range.min) + " to " + std::to_string(range.max));
        return fallback;
    }
    return static_cast<std::uint64_t>(value->get());
}

std::optional<std::uint64_t> TomlTable::number_or_none(std::string_view key, NumberRange range) {
    const toml::node* node = find(table_, key);
    if (node == nullptr || node->as_string() == nullptr) return number(key, range);
    if (text(key) != "none") refuse(key, "must be a whole number, or \"none\"");
    return std::nullopt;
}

bool TomlTable::flag_or(std::string_view key, bool fallback) {
    if (!has(key)) return fallback;
    const toml::node* node = find(table_, key);
    if (const auto* value = node->as_boolean()) return value->get();
    file_->note(file_->at(node->source()) + in_table(name_, key) + " must be true or false");
    return fallback;
}

TomlTable TomlTable::table(std::string_view key) {
    const std::string name = name_.empty() ? std::string(key) : name_ + "." + std::string(key);
    if (!has(key)) return {file_, nullptr, name};
    const toml::node* node = find(table_, key);
    if (node->as_table() == nullptr)
        file_->note(file_->at(node->source()) + in_table(name_, key) + " must be a table: [" + name + "]");
    return {file_, node->as_table(), name};
}

std::vector<TomlTable> TomlTable::tables(std::string_view key) {
    std::vector<TomlTable> out;
    if (!has(key)) return out;
    const toml::node* node = find(table_, key);
    const toml::array* array = node->as_array();
    if (array == nullptr || !(array->empty() || array->is_homogeneous(toml::node_type::table))) {
        file_->note(file_->at(node->source()) + in_table(name_, key) + " must be a list of tables: [[" + std::string(key) + "]]");
        return out;
    }
    for (const toml::node& element : *array)
        out.push_back({file_, element.as_table(), (name_.empty() ? "" : name_ + ".") + std::string(key)});
    return out;
}

void TomlTable::refuse(std::string_view key, const std::string& why) {
    const toml::node* node = find(table_, key);
    file_->note((node == nullptr ? file_->path + ": " : file_->at(node->source())) + in_table(name_, key) + " " + why);
}

TomlFile::TomlFile(std::shared_ptr<TomlTable::File> file) : file_(std::move(file)) {}

Configured<TomlFile> TomlFile::open(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(path, ignored))
        return config_error(path.string() + ": no such file; 'rondo init' writes the configuration of a local cluster");
    const auto text = read_file(path, file_bytes_max);
    if (!text) return tl::make_unexpected(text.error());
    const auto ascii = in_ascii(*text);
    if (!ascii)
        return config_error(path.string() + ":" + std::to_string(ascii.error()) +
                            ": a character beyond ASCII that is not UTF-8, or stands outside of double quotes");
    toml::parse_result parsed = toml::parse(*ascii, path.string());
    if (!parsed) {
        const toml::parse_error& error = parsed.error();
        return config_error(path.string() + ":" + std::to_string(error.source().begin.line) + ": " +
                            std::string(error.description()));
    }
    auto file = std::make_shared<TomlTable::File>();
    file->path = path.string();
    file->root = std::move(parsed).table();
    return TomlFile(std::move(file));
}

TomlTable TomlFile::root() { return {file_, &file_->root, ""}; }

std::optional<ConfigError> TomlFile::finish() {
    for (const auto& opened : file_->opened) {
        for (const auto& [key, node] : *opened.table) {
            if (opened.known.contains(std::string(key.str()))) continue;
            const std::string best = nearest_name(key.str(), {opened.known.begin(), opened.known.end()});
            return ConfigError{file_->at(key.source()) + "unknown key " + in_table(opened.name, key.str()) +
                               (best.empty() ? "; remove it" : "; did you mean '" + best + "'?")};
        }
    }
    return file_->fault;
}

std::string toml_quoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(c));
            out += escaped;
        } else {
            out += c;
        }
    }
    return out + "\"";
}

}  // namespace rondo
