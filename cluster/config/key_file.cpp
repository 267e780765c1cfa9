#include "cluster/config/key_file.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <sstream>

#include "cluster/config/file_io.hpp"
#include "messages/base/require.hpp"

namespace rondo {
namespace {

constexpr std::array<std::string_view, 3> kind_names{"signing", "transport", "account"};
constexpr std::size_t key_file_bytes_max = 4096;

/// The lines "name value" of a key file. A sealed one has `sealed`, `salt` and `nonce` in place of `secret`.
struct KeyText {
    KeyHeader header;
    std::optional<Bytes> secret;
    Bytes box, salt, nonce;
};

Configured<KeyText> parse_key(const std::filesystem::path& path, const std::string& text) {
    std::map<std::string, std::string> lines;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line[0] == '#') continue;
        const auto space = line.find(' ');
        if (space == std::string::npos || !lines.emplace(line.substr(0, space), line.substr(space + 1)).second)
            return config_error(path.string() + ": not a key file of Rondo; restore it from your backup");
    }
    const auto bytes_of = [&](const char* name) { return from_hex(lines.contains(name) ? lines[name] : "x"); };
    KeyText out;
    const auto kind = key_kind_from_string(lines["kind"]);
    const auto public_part = bytes_of("public");
    if (!kind || !public_part)
        return config_error(path.string() + ": 'kind' or 'public' is missing or unreadable; restore it from your backup");
    out.header = {*kind, *public_part, lines.contains("sealed")};
    if (!out.header.sealed) {
        out.secret = bytes_of("secret");
        if (!out.secret || out.secret->size() != 32)
            return config_error(path.string() + ": 'secret' must be 32 bytes in hexadecimal");
        return out;
    }
    const auto box = bytes_of("sealed"), salt = bytes_of("salt"), nonce = bytes_of("nonce");
    if (!box || !salt || !nonce || box->size() != 32 + crypto_secretbox_MACBYTES || salt->size() != crypto_pwhash_SALTBYTES ||
        nonce->size() != crypto_secretbox_NONCEBYTES)
        return config_error(path.string() + ": the sealed secret is damaged; restore it from your backup");
    out.box = *box, out.salt = *salt, out.nonce = *nonce;
    return out;
}

Configured<std::string> format_key(const Key& key, const std::string* passphrase) {
    std::string text = "# Rondo key file. Whoever reads the secret can act as its owner: keep a backup in a safe place.\n";
    text += "kind " + std::string(to_string(key.kind)) + "\npublic " + to_hex_prefixed(key.public_part()) + "\n";
    if (passphrase == nullptr) return text + "secret " + to_hex_prefixed(key.secret.view()) + "\n";
    Bytes salt(crypto_pwhash_SALTBYTES), nonce(crypto_secretbox_NONCEBYTES), box(32 + crypto_secretbox_MACBYTES);
    randombytes_buf(salt.data(), salt.size());
    randombytes_buf(nonce.data(), nonce.size());
    const auto sealing = sealing_key(*passphrase, salt);
    if (!sealing) return tl::make_unexpected(sealing.error());
    crypto_secretbox_easy(box.data(), key.secret.view().data(), 32, nonce.data(), sealing->view().data());
    return text + "sealed " + to_hex_prefixed(box) + "\nsalt " + to_hex_prefixed(salt) + "\nnonce " + to_hex_prefixed(nonce) +
           "\n";
}

Configured<Secret> unseal(const std::filesystem::path& path, const KeyText& text, const PassphraseSource& source) {
    const auto passphrase = read_passphrase(source, "passphrase of " + path.string());
    if (!passphrase) return tl::make_unexpected(passphrase.error());
    const auto sealing = sealing_key(*passphrase, text.salt);
    if (!sealing) return tl::make_unexpected(sealing.error());
    std::array<std::uint8_t, 32> secret{};
    if (crypto_secretbox_open_easy(secret.data(), text.box.data(), text.box.size(), text.nonce.data(), sealing->view().data()) !=
        0)
        return config_error(path.string() + ": wrong passphrase");
    Secret out{secret};
    sodium_memzero(secret.data(), secret.size());
    return out;
}

Configured<KeyText> load_text(const std::filesystem::path& path) {
    auto content = read_private_file(path, key_file_bytes_max);
    if (!content) return tl::make_unexpected(content.error());
    std::string& text = *content;
    auto parsed = parse_key(path, text);
    sodium_memzero(text.data(), text.size());
    return parsed;
}

}  // namespace

Configured<Secret> sealing_key(const std::string& passphrase, ByteView salt) {
    std::array<std::uint8_t, crypto_secretbox_KEYBYTES> key{};
    if (crypto_pwhash(key.data(), key.size(), passphrase.data(), passphrase.size(), salt.data(),
                      crypto_pwhash_OPSLIMIT_INTERACTIVE, crypto_pwhash_MEMLIMIT_INTERACTIVE, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return config_error("not enough memory to derive the sealing key: 64 MiB are needed");
    Secret out{key};
    sodium_memzero(key.data(), key.size());
    return out;
}

std::string_view to_string(KeyKind kind) { return kind_names[static_cast<std::size_t>(kind)]; }

std::optional<KeyKind> key_kind_from_string(std::string_view name) {
    const auto it = std::find(kind_names.begin(), kind_names.end(), name);
    if (it == kind_names.end()) return std::nullopt;
    return static_cast<KeyKind>(it - kind_names.begin());
}

Secret::Secret(ByteView thirty_two_bytes) {
    require(thirty_two_bytes.size() == bytes_.size(), "a secret has 32 bytes");
    std::copy(thirty_two_bytes.begin(), thirty_two_bytes.end(), bytes_.begin());
}
Secret::~Secret() { sodium_memzero(bytes_.data(), bytes_.size()); }

crypto::SecretKey Key::signing() const {
    require(kind == KeyKind::signing, "not a signing key");
    return crypto::SecretKey::from_seed(secret.view());
}

crypto::AccountKey Key::account() const {
    require(kind == KeyKind::account, "not an account key");
    auto key = crypto::AccountKey::from_secret(secret.view());
    require(key.has_value(), "an account secret that is no scalar");
    return *key;
}

TransportKey Key::transport_public() const {
    require(kind == KeyKind::transport, "not a transport key");
    TransportKey out;
    crypto_scalarmult_base(out.bytes.data(), secret.view().data());
    return out;
}

Bytes Key::public_part() const {
    switch (kind) {
        case KeyKind::signing:
            return to_bytes(signing().public_key().view());
        case KeyKind::transport:
            return to_bytes(transport_public().view());
        case KeyKind::account:
            return to_bytes(account().address().view());
    }
    return {};
}

Key generate_key(KeyKind kind) {
    require(sodium_init() >= 0, "libsodium has no source of randomness");
    for (;;) {
        std::array<std::uint8_t, 32> bytes{};
        randombytes_buf(bytes.data(), bytes.size());
        Key key{kind, Secret{bytes}};
        sodium_memzero(bytes.data(), bytes.size());
        // One secp256k1 secret in 2^128 is no scalar.
        if (kind != KeyKind::account || crypto::AccountKey::from_secret(key.secret.view())) return key;
    }
}

Configured<void> write_key(const std::filesystem::path& path, const Key& key, const std::string* passphrase) {
    const auto text = format_key(key, passphrase);
    if (!text) return tl::make_unexpected(text.error());
    return create_private_file(path, *text);
}

Configured<void> replace_key(const std::filesystem::path& path, const Key& key, const std::string* passphrase) {
    const std::filesystem::path beside = path.string() + ".new";
    std::error_code ignored;
    std::filesystem::remove(beside, ignored);
    if (auto written = write_key(beside, key, passphrase); !written) return written;
    return rename_into_place(beside, path);
}

Configured<Key> read_key(const std::filesystem::path& path, KeyKind kind, const PassphraseSource& passphrase) {
    require(sodium_init() >= 0, "libsodium does not start");
    const auto text = load_text(path);
    if (!text) return tl::make_unexpected(text.error());
    if (text->header.kind != kind)
        return config_error(path.string() + ": holds a " + std::string(to_string(text->header.kind)) + " key where a " +
                            std::string(to_string(kind)) + " key is needed");
    Key key{kind, {}};
    if (text->header.sealed) {
        const auto secret = unseal(path, *text, passphrase);
        if (!secret) return tl::make_unexpected(secret.error());
        key.secret = *secret;
    } else {
        key.secret = Secret{*text->secret};
    }
    if (kind == KeyKind::account && !crypto::AccountKey::from_secret(key.secret.view()))
        return config_error(path.string() + ": the secret is no secp256k1 scalar; restore it from your backup");
    if (key.public_part() != text->header.public_part)
        return config_error(path.string() + ": the secret does not belong to the public part; restore it from your backup");
    return key;
}

Configured<KeyHeader> read_key_header(const std::filesystem::path& path) {
    const auto text = load_text(path);
    if (!text) return tl::make_unexpected(text.error());
    return text->header;
}

}  // namespace rondo
