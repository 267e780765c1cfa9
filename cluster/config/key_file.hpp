#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "cluster/config/error.hpp"
#include "messages/base/bytes.hpp"
#include "messages/crypto/ed25519.hpp"
#include "messages/crypto/secp256k1.hpp"

/// Key files: text, mode 0600, one secret each, on request sealed with a passphrase (Argon2id and XSalsa20-Poly1305 of
/// libsodium).
namespace rondo {

enum class KeyKind : std::uint8_t {
    signing,    ///< Ed25519: votes, acks, receipts
    transport,  ///< Curve25519: the sockets between nodes
    account,    ///< secp256k1: an Ethereum account
};
[[nodiscard]] std::string_view to_string(KeyKind kind);
[[nodiscard]] std::optional<KeyKind> key_kind_from_string(std::string_view name);

/// 32 secret bytes, wiped when they go out of scope. Never printed.
class Secret {
  public:
    Secret() = default;
    explicit Secret(ByteView thirty_two_bytes);
    Secret(const Secret&) = default;
    Secret& operator=(const Secret&) = default;
    ~Secret();
    [[nodiscard]] ByteView view() const { return bytes_; }

  private:
    std::array<std::uint8_t, 32> bytes_{};
};

struct Key {
    KeyKind kind = KeyKind::signing;
    Secret secret;
    [[nodiscard]] Bytes public_part() const;              ///< public key of 32 bytes, or the account's address of 20
    [[nodiscard]] crypto::SecretKey signing() const;      ///< only of KeyKind::signing
    [[nodiscard]] crypto::AccountKey account() const;     ///< only of KeyKind::account
    [[nodiscard]] TransportKey transport_public() const;  ///< only of KeyKind::transport
};
[[nodiscard]] Key generate_key(KeyKind kind);

/// Where a passphrase comes from; never the command line, which everybody on the machine can read. The first that is set counts.
struct PassphraseSource {
    std::optional<int> descriptor;
    std::filesystem::path file;
    bool prompt = false;  ///< ask on the terminal when neither is set
    [[nodiscard]] bool any() const { return descriptor.has_value() || !file.empty() || prompt; }
};
/// The first line of the source.
[[nodiscard]] Configured<std::string> read_passphrase(const PassphraseSource& source, const std::string& purpose);

/// From a passphrase, by Argon2id: what seals keys and bundles.
[[nodiscard]] Configured<Secret> sealing_key(const std::string& passphrase, ByteView salt);

/// Refuses to overwrite. With a passphrase the secret is sealed.
[[nodiscard]] Configured<void> write_key(const std::filesystem::path& path, const Key& key,
                                         const std::string* passphrase = nullptr);
/// Replaces the file in one step: to seal, to unseal, to change the passphrase.
[[nodiscard]] Configured<void> replace_key(const std::filesystem::path& path, const Key& key,
                                           const std::string* passphrase = nullptr);
/// Refuses files that others can read. A sealed one asks `passphrase` for the passphrase.
[[nodiscard]] Configured<Key> read_key(const std::filesystem::path& path, KeyKind kind, const PassphraseSource& passphrase = {});

/// What a key file tells without its secret.
struct KeyHeader {
    KeyKind kind = KeyKind::signing;
    Bytes public_part;
    bool sealed = false;
};
[[nodiscard]] Configured<KeyHeader> read_key_header(const std::filesystem::path& path);

}  // namespace rondo
