#include "cluster/config/genesis_entry.hpp"

#include "cluster/config/file_io.hpp"
#include "cluster/config/genesis_file.hpp"
#include "cluster/config/operator_json.hpp"
#include "messages/codec/codec.hpp"
#include "messages/wire/kinds.hpp"

namespace rondo {

template Bytes encode(const GenesisOperator&);

namespace {

using nlohmann::json;

constexpr std::size_t entry_bytes_max = 16 * 1024;
constexpr std::uint64_t entry_file_version = 1;
constexpr const char* what_to_do = "ask the operator for its entry again";

/// The draft's digest stands where that of the genesis does in everything else that is signed: no signature passes for another.
Bytes signed_bytes(const Digest& draft, const GenesisOperator& self) {
    return signing_bytes(draft, Epoch(0), Kind::registration, encode(self));
}

GenesisEntry entry_of(std::string_view text) {
    KeysOnce once;
    const json root = json::parse(text, [&](int depth, json::parse_event_t event, json& parsed) {
        once.see(depth, event, parsed);
        return true;
    });
    std::vector<std::string_view> keys(operator_keys.begin(), operator_keys.end());
    keys.insert(keys.end(), {"version", "draft", "signature"});
    const StrictObject o(root, "the entry", keys);
    if (o.number("version") != entry_file_version)
        throw JsonFault{"'version' is " + std::to_string(o.number("version")) + "; this program reads version " +
                        std::to_string(entry_file_version)};
    GenesisEntry entry{o.bytes<Digest>("draft"), operator_of(o), o.bytes<Signature>("signature")};
    if (const auto wrong = check_operator(entry.self)) throw JsonFault{wrong->message};
    return entry;
}

}  // namespace

GenesisEntry sign_entry(const Digest& draft, GenesisOperator self, const crypto::SecretKey& key) {
    self.number = no_operator;
    self.key = key.public_key();
    const Signature signature = key.sign(signed_bytes(draft, self));
    return {draft, std::move(self), signature};
}

std::optional<ConfigError> check_entry(const GenesisEntry& entry, const Digest& draft) {
    if (entry.draft != draft)
        return ConfigError{"is for another draft (" + to_hex_prefixed(entry.draft.view()) + ", not " +
                           to_hex_prefixed(draft.view()) +
                           "); its operator must run 'rondo genesis join' with this one, in a new home"};
    if (const auto wrong = check_operator(entry.self)) return wrong;
    if (entry.self.number != no_operator || !crypto::verify(entry.self.key, signed_bytes(draft, entry.self), entry.signature))
        return ConfigError{"is not signed by the key that it names: somebody changed it; " + std::string(what_to_do)};
    return std::nullopt;
}

std::string format_entry(const GenesisEntry& entry) {
    return "{\n  \"version\": 1,\n  \"draft\": \"" + to_hex_prefixed(entry.draft.view()) + "\",\n  " +
           format_operator(entry.self, "  ") + ",\n  \"signature\": \"" + to_hex_prefixed(entry.signature.view()) + "\"\n}\n";
}

Configured<GenesisEntry> parse_entry(std::string_view text, const std::string& name) {
    return parsed_strictly(name, what_to_do, [&] { return entry_of(text); });
}

Configured<GenesisEntry> read_entry(const std::filesystem::path& path) {
    const auto text = read_file(path, entry_bytes_max);
    if (!text) return tl::make_unexpected(text.error());
    return parse_entry(*text, path.string());
}

}  // namespace rondo
