#include "cluster/config/load_accounts.hpp"

#include <sstream>

#include "cluster/config/file_io.hpp"
#include "messages/base/require.hpp"
#include "messages/crypto/hash.hpp"

namespace rondo {
namespace {
Bytes be64(std::uint64_t value) {
    Bytes out;
    append_be64(out, value);
    return out;
}
}  // namespace

crypto::AccountKey load_sender(const Secret& seed, std::uint64_t index) {
    const auto key = crypto::AccountKey::from_secret(crypto::blake2b({as_bytes("load sender"), seed.view(), be64(index)}).view());
    require(key.has_value(), "a hash that is no secp256k1 scalar");  // one in 2^128
    return *key;
}

Address load_recipient(std::uint64_t index) {
    return *Address::from(crypto::blake2b({as_bytes("load recipient"), be64(index)}).view().first(Address::size_bytes));
}

Configured<void> write_load_seed(const std::filesystem::path& path, const Secret& seed, std::uint64_t accounts) {
    return create_private_file(path, "# Seed of the accounts of 'rondo load'.\nseed " + to_hex_prefixed(seed.view()) +
                                         "\naccounts " + std::to_string(accounts) + "\n");
}

Configured<LoadSeed> read_load_seed(const std::filesystem::path& path) {
    const auto text = read_private_file(path, 4096);
    if (!text) return tl::make_unexpected(text.error());
    LoadSeed out;
    std::optional<Bytes> seed;
    std::istringstream in(*text);
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("seed ")) seed = from_hex(line.substr(5));
        if (line.starts_with("accounts ")) std::istringstream(line.substr(9)) >> out.accounts;
    }
    if (!seed || seed->size() != 32 || out.accounts == 0)
        return config_error(path.string() + ": damaged; 'rondo init' writes it anew in a new home");
    out.seed = Secret{*seed};
    return out;
}

}  // namespace rondo
