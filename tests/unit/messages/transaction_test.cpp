#include "messages/ethereum/transaction.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <functional>
#include <limits>
#include <set>

#include "messages/ethereum/rlp.hpp"

using namespace rondo;
using namespace rondo::ethereum;

namespace {

constexpr std::uint64_t chain = 5005, fee_min = 7;

const crypto::AccountKey& key() {
    static const crypto::AccountKey made = *crypto::AccountKey::from_secret(Bytes(32, 0x11));
    return made;
}

Transaction transfer(std::uint8_t type = 2) {
    Transaction t;
    t.type = type;
    t.chain_id = chain;
    t.nonce = 3;
    t.max_fee = 1000;
    t.max_priority_fee = type == 2 ? 10 : 1000;
    t.gas_limit = 100'000;
    t.to.bytes.fill(0x22);
    t.value = 1'000'000;
    return t;
}

Refusal refusal_of(ByteView raw) {
    const auto decoded = decode_transaction(raw, chain, fee_min);
    return decoded ? Refusal::none : decoded.error();
}
Refusal refusal_of(const Transaction& t) { return refusal_of(sign_transaction(t, key())); }

/// A type 2 transaction from its fields, to say what sign_transaction() would not.
struct Crafted {
    std::vector<Bytes> items;

    explicit Crafted(const Transaction& t) {
        const Bytes raw = sign_transaction(t, key());
        rlp::Reader outer(ByteView(raw).subspan(1));
        for (rlp::Reader r = outer.list(); !r.at_end();) items.push_back(to_bytes(r.next().encoding));
    }
    [[nodiscard]] Bytes raw() const {
        rlp::Writer w;
        for (const Bytes& item : items) w.raw(item);
        Bytes out{2};
        append(out, w.list());
        return out;
    }
    [[nodiscard]] Bytes with(std::size_t field, const Bytes& encoding) const {
        Crafted changed = *this;
        changed.items[field] = encoding;
        return changed.raw();
    }
};
enum Field : std::size_t { f_chain, f_nonce, f_tip, f_fee, f_gas, f_to, f_value, f_data, f_access, f_parity, f_r, f_s };

Bytes high_s_of(const Bytes& s_encoding) {
    // n - s: the other half of the malleable pair (SEC 2, section 2.4.1).
    const uint256 order("0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
    rlp::Reader r(s_encoding);
    return rlp::Writer().integer(order - r.integer(32)).items();
}

}  // namespace

TEST(Transaction, ComesBackAsItWasSigned) {
    for (const std::uint8_t type : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}}) {
        Transaction t = transfer(type);
        t.data = {1, 0, 2};
        if (type != 0) t.access_list = {{t.to, {Word256{}, Word256{}}}, {Address{}, {}}};
        const Bytes raw = sign_transaction(t, key());
        const auto back = decode_transaction(raw, chain, fee_min);
        ASSERT_TRUE(back) << to_string(back.error());
        EXPECT_EQ(back->type, type);
        EXPECT_EQ(back->nonce, t.nonce);
        EXPECT_EQ(back->max_fee, t.max_fee);
        EXPECT_EQ(back->max_priority_fee, t.max_priority_fee);
        EXPECT_EQ(back->gas_limit, t.gas_limit);
        EXPECT_EQ(back->to, t.to);
        EXPECT_EQ(back->value, t.value);
        EXPECT_EQ(back->data, t.data);
        ASSERT_EQ(back->access_list.size(), t.access_list.size());
        for (std::size_t i = 0; i < t.access_list.size(); ++i) EXPECT_EQ(back->access_list[i].keys, t.access_list[i].keys);
        EXPECT_EQ(recover_sender(*back), key().address());
        EXPECT_EQ(recover_sender(raw), key().address());
    }
}

TEST(Transaction, RefusalsHaveTheWordsPeopleRead) {
    EXPECT_EQ(to_string(Refusal::blob_transaction), "blob transaction");
    EXPECT_EQ(to_string(Refusal::set_code_transaction), "set-code transaction");
    EXPECT_EQ(to_string(Refusal::unprotected_legacy), "unprotected legacy");
    EXPECT_EQ(to_string(Refusal::wrong_chain_id), "wrong chain id");
    EXPECT_EQ(to_string(Refusal::contract_creation), "contract creation");
    EXPECT_EQ(to_string(Refusal::fee_below_minimum), "fee below minimum");
    EXPECT_EQ(to_string(Refusal::malformed), "malformed transaction");
    std::set<std::string_view> words;
    for (std::uint8_t i = 0; is_valid(static_cast<Refusal>(i)); ++i) words.insert(to_string(static_cast<Refusal>(i)));
    EXPECT_EQ(words.size(), static_cast<std::size_t>(Refusal::fee_below_base_fee) + 1);
}

TEST(Transaction, IsRefusedByKindBeforeItIsParsed) {
    EXPECT_EQ(refusal_of(Bytes(transaction_bytes_max + 1, 3)), Refusal::transaction_too_large);
    EXPECT_EQ(refusal_of(Bytes{}), Refusal::malformed);
    EXPECT_EQ(refusal_of(Bytes{0x00, 0xc0}), Refusal::unsupported_type);
    EXPECT_EQ(refusal_of(Bytes{0x03}), Refusal::blob_transaction);
    EXPECT_EQ(refusal_of(Bytes{0x04}), Refusal::set_code_transaction);
    EXPECT_EQ(refusal_of(Bytes{0x05}), Refusal::unsupported_type);
    EXPECT_EQ(refusal_of(Bytes{0x7f}), Refusal::unsupported_type);
    EXPECT_EQ(refusal_of(Bytes{0x80}), Refusal::malformed);
    EXPECT_EQ(refusal_of(Bytes{0xc0}), Refusal::malformed);
    EXPECT_EQ(refusal_of(Bytes{0x02}), Refusal::malformed);
}

TEST(Transaction, IsMalformedWhenAFieldIsOutOfRange) {
    const Crafted good(transfer());
    EXPECT_EQ(refusal_of(good.raw()), Refusal::none);
    const Bytes nine_bytes = rlp::encode_string(Bytes(9, 1)), wide = rlp::encode_string(Bytes(33, 1));
    for (const std::size_t field : {f_chain, f_nonce, f_gas})
        EXPECT_EQ(refusal_of(good.with(field, nine_bytes)), Refusal::malformed) << field;
    for (const std::size_t field : {f_tip, f_fee, f_value, f_to, f_r, f_s})
        EXPECT_EQ(refusal_of(good.with(field, wide)), Refusal::malformed) << field;
    for (std::size_t field = 0; field < 12; ++field)
        EXPECT_EQ(refusal_of(good.with(field, rlp::encode_list(rlp::encode_list({})))), Refusal::malformed) << field;
    for (const std::size_t field : {f_chain, f_nonce, f_tip, f_fee, f_gas, f_value, f_parity, f_r, f_s})
        EXPECT_EQ(refusal_of(good.with(field, Bytes{0x00})), Refusal::malformed) << field;  // a leading zero
    EXPECT_EQ(refusal_of(good.with(f_parity, Bytes{0x02})), Refusal::malformed);
    EXPECT_EQ(refusal_of(good.with(f_access, Bytes{0x80})), Refusal::malformed);
    EXPECT_EQ(refusal_of(good.with(f_to, rlp::encode_string(Bytes(19, 1)))), Refusal::malformed);
}

TEST(Transaction, RefusesAccessListsOfAnotherShape) {
    const Crafted good(transfer());
    const auto list_of = [](const Bytes& entry) { return rlp::encode_list(entry); };
    const auto entry = [](std::size_t address_bytes, std::size_t key_bytes, bool extra) {
        rlp::Writer w;
        w.string(Bytes(address_bytes, 0xaa)).raw(rlp::encode_list(rlp::encode_string(Bytes(key_bytes, 0xbb))));
        if (extra) w.integer64(1);
        return w.list();
    };
    EXPECT_EQ(refusal_of(good.with(f_access, list_of(entry(20, 32, false)))), Refusal::none);
    EXPECT_EQ(refusal_of(good.with(f_access, list_of(entry(19, 32, false)))), Refusal::malformed);
    EXPECT_EQ(refusal_of(good.with(f_access, list_of(entry(20, 31, false)))), Refusal::malformed);
    EXPECT_EQ(refusal_of(good.with(f_access, list_of(entry(20, 32, true)))), Refusal::malformed);
    EXPECT_EQ(refusal_of(good.with(f_access, list_of(rlp::encode_list(rlp::encode_string(Bytes(20, 1)))))), Refusal::malformed);
    EXPECT_EQ(refusal_of(good.with(f_access, list_of(rlp::encode_string(Bytes(20, 1))))), Refusal::malformed);
}

TEST(Transaction, IsMalformedWhereverItIsCutOrExtended) {
    for (const std::uint8_t type : {std::uint8_t{0}, std::uint8_t{1}, std::uint8_t{2}}) {
        Bytes raw = sign_transaction(transfer(type), key());
        for (std::size_t length = 0; length < raw.size(); ++length)
            EXPECT_EQ(refusal_of(ByteView(raw).first(length)), Refusal::malformed) << length;
        raw.push_back(0);
        EXPECT_EQ(refusal_of(raw), Refusal::malformed);
    }
}

TEST(Transaction, TheFirstReasonInOrderIsTheOneGiven) {
    // Every step mends the first fault; what comes next shows.
    Transaction t = transfer();
    t.chain_id = 1;
    t.max_fee = 6;
    t.max_priority_fee = 9;
    t.gas_limit = gas_limit_max + 1;
    t.nonce = std::numeric_limits<std::uint64_t>::max();
    const auto craft = [&](bool creation) {
        Crafted c(t);
        c.items[f_s] = high_s_of(c.items[f_s]);
        if (creation) c.items[f_to] = rlp::encode_string({});
        return c.raw();
    };
    EXPECT_EQ(refusal_of(craft(true)), Refusal::wrong_chain_id);
    t.chain_id = chain;
    EXPECT_EQ(refusal_of(craft(true)), Refusal::contract_creation);
    EXPECT_EQ(refusal_of(craft(false)), Refusal::fee_below_minimum);
    t.max_fee = 8;
    EXPECT_EQ(refusal_of(craft(false)), Refusal::tip_above_max_fee);
    t.max_priority_fee = 8;
    EXPECT_EQ(refusal_of(craft(false)), Refusal::gas_limit_too_high);
    t.gas_limit = 20999;
    EXPECT_EQ(refusal_of(craft(false)), Refusal::intrinsic_gas_too_low);
    t.gas_limit = 21000;
    EXPECT_EQ(refusal_of(craft(false)), Refusal::nonce_at_maximum);
    --t.nonce;
    EXPECT_EQ(refusal_of(craft(false)), Refusal::high_s);
    EXPECT_EQ(refusal_of(t), Refusal::none);
}

TEST(Transaction, UnprotectedLegacyIsNamedBeforeItsChain) {
    Transaction t = transfer(0);
    t.chain_id = 0;
    t.max_fee = 1;
    EXPECT_EQ(refusal_of(t), Refusal::unprotected_legacy);
    const auto any = decode_any(sign_transaction(t, key()));
    ASSERT_TRUE(any);
    EXPECT_FALSE(any->is_protected);
    EXPECT_EQ(recover_sender(any->transaction), key().address());
}

TEST(Transaction, GasLimitIsAcceptedUpToItsMaximum) {
    Transaction t = transfer();
    t.gas_limit = gas_limit_max;
    EXPECT_EQ(refusal_of(t), Refusal::none);
    t.gas_limit = gas_limit_max + 1;
    EXPECT_EQ(refusal_of(t), Refusal::gas_limit_too_high);
}

TEST(Transaction, IntrinsicGasCountsBytesAddressesAndKeys) {
    EXPECT_EQ(intrinsic_gas({}, {}), 21000U);
    EXPECT_EQ(intrinsic_gas(Bytes{0, 1, 0, 2, 3}, {}), 21000U + 2 * 4 + 3 * 16);
    EXPECT_EQ(intrinsic_gas({}, {{Address{}, {Word256{}}}, {Address{}, {Word256{}, Word256{}}}}), 21000U + 2 * 2400 + 3 * 1900);
}

TEST(Transaction, CostAndEffectivePriceAreCheckedAndCapped) {
    Transaction t = transfer();
    EXPECT_EQ(t.cost_max(), uint256(1'000'000 + 100'000 * 1000));
    EXPECT_EQ(t.effective_gas_price(100), 110);
    EXPECT_EQ(t.effective_gas_price(995), 1000);
    t.max_fee = std::numeric_limits<uint256>::max();
    t.max_priority_fee = t.max_fee;
    EXPECT_FALSE(t.cost_max());
    EXPECT_EQ(t.effective_gas_price(5), t.max_fee);
    t.max_fee = 0;
    t.value = std::numeric_limits<uint256>::max();
    EXPECT_EQ(t.cost_max(), t.value);
}

TEST(Transaction, NothingThatDecodesHasASecondEncoding) {
    // One flipped bit gives a refusal, or another transaction with another hash; never the same fields from other bytes.
    Transaction t = transfer();
    t.access_list = {{t.to, {Word256{}}}};
    const Bytes raw = sign_transaction(t, key());
    for (std::size_t bit = 0; bit < raw.size() * 8; ++bit) {
        Bytes changed = raw;
        changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        const auto decoded = decode_any(changed);
        if (decoded) {
            EXPECT_NE(recover_sender(decoded->transaction), std::optional(key().address())) << bit;
        }
    }
}

TEST(Transaction, AnyBytesGetAVerdict) {
    EXPECT_TRUE(rc::check("no input is fatal", [](const Bytes& tail, std::uint8_t first) {
        Bytes raw{first};
        append(raw, tail);
        const auto any = decode_any(raw);
        RC_ASSERT((any || any.error() != Refusal::none));
    }));
}
