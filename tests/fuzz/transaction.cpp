#include "messages/ethereum/transaction.hpp"

#include "messages/base/require.hpp"

using namespace rondo;
using namespace rondo::ethereum;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const crypto::AccountKey key = *crypto::AccountKey::from_secret(Bytes(32, 1));
    const ByteView raw(data, size);
    const auto any = decode_any(raw);
    const auto strict = decode_transaction(raw, 1, 7);
    require(any || !strict, "the strict decoder accepted what the lax one refused");
    if (!any) return 0;
    const Transaction& t = any->transaction;
    require(!strict || strict->hash == t.hash, "two decoders, two hashes");
    require(recover_sender(raw) == recover_sender(t), "two ways to the sender, two senders");
    // The signing hash covers every field: written anew from the fields, it must be the same.
    if (any->is_creation || (t.type == 0 && t.chain_id == 0 && any->is_protected)) return 0;
    const auto again = decode_any(sign_transaction(t, key));
    require(again && again->transaction.signing_hash == t.signing_hash, "a second encoding of the same fields");
    return 0;
}
