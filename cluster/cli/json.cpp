#include "cluster/cli/json.hpp"

#include <cmath>
#include <cstdio>

namespace rondo::cli {

JsonValue::JsonValue(std::string_view value) : text("\"") {
    for (const char c : value) {
        const auto code = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') {
            text += '\\';
            text += c;
        } else if (code < 0x20) {
            char escaped[8];
            std::snprintf(escaped, sizeof escaped, "\\u%04x", static_cast<unsigned>(code));
            text += escaped;
        } else {
            text += c;
        }
    }
    text += '"';
}

JsonValue::JsonValue(double value) {
    if (!std::isfinite(value)) return;
    char digits[32];
    std::snprintf(digits, sizeof digits, "%.3f", value);
    text = digits;
}

JsonObject& JsonObject::set(std::string_view key, const JsonValue& value) {
    body_ += (body_.empty() ? "" : ", ") + JsonValue(key).text + ": " + value.text;
    return *this;
}

JsonObject::operator JsonValue() const {
    JsonValue out;
    out.text = "{" + body_ + "}";
    return out;
}

JsonArray& JsonArray::add(const JsonValue& value) {
    body_ += (body_.empty() ? "" : ", ") + value.text;
    return *this;
}

JsonArray::operator JsonValue() const {
    JsonValue out;
    out.text = "[" + body_ + "]";
    return out;
}

}  // namespace rondo::cli
