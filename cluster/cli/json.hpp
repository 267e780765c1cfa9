#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rondo::cli {

/// A JSON value as text. Write-only and in the order of writing: what the tools print.
struct JsonValue {
    std::string text = "null";
    JsonValue() = default;
    JsonValue(std::string_view value);  // NOLINT(google-explicit-constructor): literals read better
    JsonValue(const char* value) : JsonValue(std::string_view(value)) {}
    JsonValue(const std::string& value) : JsonValue(std::string_view(value)) {}
    JsonValue(std::uint64_t value) : text(std::to_string(value)) {}
    JsonValue(int value) : text(std::to_string(value)) {}
    JsonValue(bool value) : text(value ? "true" : "false") {}
    JsonValue(double value);
    template <class T>
    JsonValue(const std::optional<T>& value) : JsonValue(value ? JsonValue(*value) : JsonValue()) {}
};

class JsonObject {
  public:
    JsonObject& set(std::string_view key, const JsonValue& value);
    operator JsonValue() const;  // NOLINT(google-explicit-constructor)

  private:
    std::string body_;
};

class JsonArray {
  public:
    JsonArray& add(const JsonValue& value);
    operator JsonValue() const;  // NOLINT(google-explicit-constructor)

  private:
    std::string body_;
};

}  // namespace rondo::cli
