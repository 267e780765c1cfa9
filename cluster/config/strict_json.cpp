#include "cluster/config/strict_json.hpp"

#include <algorithm>

#include "cluster/config/nearest.hpp"

namespace rondo {

using nlohmann::json;

StrictObject::StrictObject(const json& value, std::string where, std::span<const std::string_view> keys)
    : value_(value), where_(std::move(where)) {
    if (!value.is_object()) throw JsonFault{where_ + " must be an object"};
    const std::vector<std::string> known(keys.begin(), keys.end());
    for (const auto& item : value.items())
        if (std::find(known.begin(), known.end(), item.key()) == known.end())
            throw JsonFault{"unknown key '" + item.key() + "' in " + where_ + "; did you mean '" +
                            nearest_name(item.key(), known) + "'?"};
    for (const std::string& key : known)
        if (!value.contains(key)) throw JsonFault{"'" + key + "' is missing in " + where_};
}

std::uint64_t StrictObject::number(std::string_view key, std::uint64_t max) const {
    if (!at(key).is_number_unsigned()) throw JsonFault{name(key) + " must be a whole number"};
    const auto value = at(key).get<std::uint64_t>();
    if (value > max) throw JsonFault{name(key) + " must be at most " + std::to_string(max)};
    return value;
}

std::string StrictObject::text(std::string_view key) const {
    if (!at(key).is_string()) throw JsonFault{name(key) + " must be a text"};
    return at(key).get<std::string>();
}

Wei StrictObject::wei(std::string_view key) const {
    const auto value = from_decimal(text(key));
    if (!value) throw JsonFault{name(key) + " must be an amount of wei, in decimal digits and quotes"};
    return *value;
}

void KeysOnce::see(int depth, json::parse_event_t event, const json& parsed) {
    const auto level = static_cast<std::size_t>(depth);
    if (event == json::parse_event_t::object_start) {
        if (keys_.size() < level + 2) keys_.resize(level + 2);
        keys_[level + 1].clear();
    } else if (event == json::parse_event_t::key) {
        const auto key = parsed.get<std::string>();
        if (keys_.size() < level + 1) keys_.resize(level + 1);
        if (!keys_[level].insert(key).second) throw JsonFault{"the key '" + key + "' stands twice"};
    }
}

}  // namespace rondo
