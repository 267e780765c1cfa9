#pragma once
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/config/error.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/uint256.hpp"

/// JSON of which every key must be known, present and alone. Only for the .cpp files that read one.
namespace rondo {

/// Ends parsing at the first fault; caught by parsed_strictly only.
struct JsonFault {
    std::string message;
};

/// One JSON object whose keys must be exactly those asked for.
class StrictObject {
  public:
    StrictObject(const nlohmann::json& value, std::string where, std::span<const std::string_view> keys);
    [[nodiscard]] const nlohmann::json& at(std::string_view key) const { return value_[std::string(key)]; }
    [[nodiscard]] std::uint64_t number(std::string_view key, std::uint64_t max = ~std::uint64_t{0}) const;
    [[nodiscard]] std::string text(std::string_view key) const;
    [[nodiscard]] Wei wei(std::string_view key) const;
    template <class Fixed>
    [[nodiscard]] Fixed bytes(std::string_view key) const {
        const auto value = fixed_from_hex<Fixed>(text(key));
        if (!value) throw JsonFault{name(key) + " must be " + std::to_string(Fixed::size_bytes) + " bytes in hexadecimal"};
        return *value;
    }
    [[nodiscard]] std::string name(std::string_view key) const { return "'" + std::string(key) + "' in " + where_; }

  private:
    const nlohmann::json& value_;
    std::string where_;
};

/// Refuses a key that stands twice in one object, which JSON parsers usually let pass: fed with the parser's events.
class KeysOnce {
  public:
    void see(int depth, nlohmann::json::parse_event_t event, const nlohmann::json& parsed);

  private:
    std::vector<std::set<std::string>> keys_;
};

/// What `read` makes of the input, or the fault that it threw as a ConfigError that names the file.
template <class Read>
[[nodiscard]] auto parsed_strictly(const std::string& name, std::string_view what_to_do, Read read)
    -> Configured<decltype(read())> {
    try {
        return read();
    } catch (const JsonFault& fault) {
        return config_error(name + ": " + fault.message);
    } catch (const nlohmann::json::exception& error) {
        return config_error(name + ": damaged, it is not valid JSON; " + std::string(what_to_do) + " (" + error.what() + ")");
    }
}

}  // namespace rondo
