#include "actors/execution/core/account.hpp"

#include "messages/base/require.hpp"
#include "messages/crypto/hash.hpp"
#include "messages/ethereum/rlp.hpp"

namespace rondo::execution {
namespace {

ByteView without_leading_zeros(ByteView bytes) {
    while (!bytes.empty() && bytes[0] == 0) bytes = bytes.subspan(1);
    return bytes;
}

}  // namespace

const Hash256& Account::empty_code() {
    static const Hash256 hash = crypto::keccak256(ByteView{});
    return hash;
}

std::array<std::uint8_t, 32> big_endian(const uint256& value) {
    std::array<std::uint8_t, 32> out{};
    uint256 rest = value;
    for (std::size_t limb = 4; limb-- > 0 && rest != 0; rest >>= 64) {
        const auto low = static_cast<std::uint64_t>(rest & ~std::uint64_t{0});
        for (std::size_t i = 0; i < 8; ++i) out[limb * 8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
    }
    return out;
}

Bytes encode_account(const Account& account) {
    std::array<std::uint8_t, 8> nonce{};
    for (std::size_t i = 0; i < 8; ++i) nonce[i] = static_cast<std::uint8_t>(account.nonce >> (56 - 8 * i));
    const auto balance = big_endian(account.balance);
    Bytes payload;
    payload.reserve(9 + 33 + 66);
    append_rlp_string(payload, without_leading_zeros(nonce));
    append_rlp_string(payload, without_leading_zeros(balance));
    append_rlp_string(payload, account.storage_root.view());
    append_rlp_string(payload, account.code_hash.view());
    return with_list_header(payload);
}

Account decode_account(ByteView encoding) {
    rlp::Reader outer(encoding);
    rlp::Reader in = outer.list();
    Account account;
    account.nonce = in.integer64();
    account.balance = in.integer(32);
    const auto storage_root = Hash256::from(in.string());
    const auto code_hash = Hash256::from(in.string());
    require(in.finish() == rlp::Error::none && storage_root && code_hash, "an account record is damaged");
    account.storage_root = *storage_root;
    account.code_hash = *code_hash;
    return account;
}

Bytes encode_storage_word(const Word256& word) {
    Bytes out;
    const ByteView content = without_leading_zeros(word.view());
    if (!content.empty()) append_rlp_string(out, content);
    return out;
}

Word256 decode_storage_word(ByteView encoding) {
    rlp::Reader in(encoding);
    const ByteView content = in.string();
    require(in.finish() == rlp::Error::none && content.size() <= 32, "a storage record is damaged");
    Word256 word;
    std::copy(content.begin(), content.end(), word.bytes.end() - static_cast<std::ptrdiff_t>(content.size()));
    return word;
}

}  // namespace rondo::execution
