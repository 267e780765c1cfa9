#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "cluster/config/error.hpp"
#include "messages/crypto/ed25519.hpp"
#include "messages/wire/epoch.hpp"

/// entry.json: how an operator takes part in a genesis ceremony. Nothing in it is secret.
namespace rondo {

struct GenesisEntry {
    Digest draft{};        ///< digest_of the genesis that lists no operators
    GenesisOperator self;  ///< without a number: the collection gives it
    Signature signature{};
    bool operator==(const GenesisEntry&) const = default;
};

/// Signed by the consensus key that it names, for this draft alone.
[[nodiscard]] GenesisEntry sign_entry(const Digest& draft, GenesisOperator self, const crypto::SecretKey& key);
/// That it is for this draft, fit for a genesis, and signed by its own key. Nothing, or what is wrong.
[[nodiscard]] std::optional<ConfigError> check_entry(const GenesisEntry& entry, const Digest& draft);

[[nodiscard]] std::string format_entry(const GenesisEntry& entry);
/// Strict: every key present, none unknown or twice, values in range. Says nothing of the signature. `name` is used in errors.
[[nodiscard]] Configured<GenesisEntry> parse_entry(std::string_view text, const std::string& name);
[[nodiscard]] Configured<GenesisEntry> read_entry(const std::filesystem::path& path);

}  // namespace rondo
