#include "messages/ethereum/transaction.hpp"

#include <algorithm>
#include <limits>

#include "messages/crypto/hash.hpp"
#include "messages/ethereum/rlp.hpp"

namespace rondo::ethereum {
namespace {

constexpr std::uint8_t type_access_list = 1, type_dynamic_fee = 2, type_blob = 3, type_set_code = 4;
constexpr std::uint8_t type_max = 0x7f, legacy_first_min = 0xc0;  // EIP-2718

/// A transaction as views into its raw bytes: everything is checked, nothing is copied.
struct Fields {
    std::uint8_t type = 0;
    bool is_protected = true;
    std::uint64_t chain_id = 0;
    std::uint64_t nonce = 0;
    uint256 max_priority_fee;
    uint256 max_fee;
    std::uint64_t gas_limit = 0;
    ByteView to;
    uint256 value;
    ByteView data;
    ByteView access_list;  ///< payload of the list
    std::size_t access_addresses = 0;
    std::size_t access_keys = 0;
    ByteView unsigned_fields;  ///< the encoded fields before the signature
    crypto::RecoverableSignature signature;
};

Refusal check_kind(ByteView raw) {
    if (raw.size() > transaction_bytes_max) return Refusal::transaction_too_large;
    if (raw.empty()) return Refusal::malformed;
    const std::uint8_t first = raw[0];
    if (first >= legacy_first_min || first == type_access_list || first == type_dynamic_fee) return Refusal::none;
    if (first == type_blob) return Refusal::blob_transaction;
    if (first == type_set_code) return Refusal::set_code_transaction;
    return first <= type_max ? Refusal::unsupported_type : Refusal::malformed;
}

std::array<std::uint8_t, 32> read_scalar(rlp::Reader& r) {
    std::array<std::uint8_t, 32> out{};
    const ByteView content = r.string();
    if (content.size() > out.size())
        r.fail(rlp::Error::too_long);
    else if (!content.empty() && content[0] == 0)
        r.fail(rlp::Error::leading_zero);
    else
        std::copy(content.begin(), content.end(), out.end() - static_cast<std::ptrdiff_t>(content.size()));
    return out;
}

/// EIP-2930: [[address, [key, ...]], ...].
void read_access_list(rlp::Reader& r, Fields& out) {
    const rlp::Item item = r.next();
    if (r.error() == rlp::Error::none && !item.is_list) r.fail(rlp::Error::wrong_kind);
    out.access_list = item.content;
    rlp::Reader entries(item.content);
    while (!entries.at_end() && r.error() == rlp::Error::none) {
        rlp::Reader entry = entries.list();
        if (entry.string().size() != Address::size_bytes) entry.fail(rlp::Error::too_long);
        rlp::Reader keys = entry.list();
        while (!keys.at_end() && keys.error() == rlp::Error::none) {
            if (keys.string().size() != Word256::size_bytes) keys.fail(rlp::Error::too_long);
            ++out.access_keys;
        }
        ++out.access_addresses;
        r.fail(keys.error());
        r.fail(entry.finish());
        r.fail(entries.error());
    }
}

/// EIP-155: v is 27 or 28 without a chain id, otherwise 35 + 2 * chain id, plus the parity.
void read_legacy_v(rlp::Reader& r, Fields& out) {
    const std::uint64_t v = r.integer64();
    const bool unprotected = v == 27 || v == 28;
    if (!unprotected && v < 35) r.fail(rlp::Error::wrong_kind);
    out.is_protected = !unprotected;
    out.chain_id = unprotected ? 0 : (v - 35) / 2;
    out.signature.y_parity = static_cast<std::uint8_t>(unprotected ? v - 27 : (v - 35) % 2);
}

std::size_t position_in(ByteView whole, ByteView part) { return static_cast<std::size_t>(part.data() - whole.data()); }

rlp::Error read_fields(ByteView raw, Fields& out) {
    out.type = raw[0] >= legacy_first_min ? 0 : raw[0];
    rlp::Reader envelope(out.type == 0 ? raw : raw.subspan(1));
    const rlp::Item list = envelope.next();
    if (const rlp::Error error = envelope.finish(); error != rlp::Error::none) return error;
    if (!list.is_list) return rlp::Error::wrong_kind;

    rlp::Reader r(list.content);
    if (out.type != 0) out.chain_id = r.integer64();
    out.nonce = r.integer64();
    out.max_priority_fee = r.integer(32);
    out.max_fee = out.type == type_dynamic_fee ? r.integer(32) : out.max_priority_fee;
    out.gas_limit = r.integer64();
    out.to = r.string();
    if (!out.to.empty() && out.to.size() != Address::size_bytes) r.fail(rlp::Error::too_long);
    out.value = r.integer(32);
    const rlp::Item data = r.next();
    if (data.is_list) r.fail(rlp::Error::wrong_kind);
    out.data = data.content;
    ByteView last_unsigned = data.encoding;
    if (out.type != 0) {
        read_access_list(r, out);
        last_unsigned = out.access_list;
    }
    if (r.error() != rlp::Error::none) return r.error();
    out.unsigned_fields = list.content.first(position_in(list.content, last_unsigned) + last_unsigned.size());

    if (out.type == 0) {
        read_legacy_v(r, out);
    } else {
        const std::uint64_t parity = r.integer64();
        if (parity > 1) r.fail(rlp::Error::wrong_kind);
        out.signature.y_parity = static_cast<std::uint8_t>(parity & 1);
    }
    out.signature.r = read_scalar(r);
    out.signature.s = read_scalar(r);
    return r.finish();
}

/// The three fields that stand where v, r and s will (EIP-155); nothing for the other forms.
Bytes replay_suffix(std::uint8_t type, bool is_protected, std::uint64_t chain_id) {
    if (type != 0 || !is_protected) return {};
    return rlp::Writer().integer64(chain_id).integer64(0).integer64(0).items();
}

Hash256 signing_hash_of(std::uint8_t type, ByteView unsigned_fields, ByteView suffix) {
    const Bytes header = rlp::list_header(unsigned_fields.size() + suffix.size());
    return crypto::keccak256({ByteView(&type, type == 0 ? 0 : 1), header, unsigned_fields, suffix});
}

Hash256 signing_hash_of(const Fields& f) {
    return signing_hash_of(f.type, f.unsigned_fields, replay_suffix(f.type, f.is_protected, f.chain_id));
}

/// EIP-2028, EIP-2930.
std::uint64_t intrinsic_gas_of(ByteView data, std::size_t addresses, std::size_t keys) {
    const auto zeros = static_cast<std::uint64_t>(std::count(data.begin(), data.end(), std::uint8_t{0}));
    return 21000 + 4 * zeros + 16 * (data.size() - zeros) + 2400 * addresses + 1900 * keys;
}

Refusal check_rules(const Fields& f, std::uint64_t chain_id, std::uint64_t fee_min_wei) {
    if (!f.is_protected) return Refusal::unprotected_legacy;
    if (f.chain_id != chain_id) return Refusal::wrong_chain_id;
    if (f.to.empty()) return Refusal::contract_creation;
    if (f.max_fee < fee_min_wei) return Refusal::fee_below_minimum;
    if (f.max_priority_fee > f.max_fee) return Refusal::tip_above_max_fee;
    if (f.gas_limit > gas_limit_max) return Refusal::gas_limit_too_high;
    if (f.gas_limit < intrinsic_gas_of(f.data, f.access_addresses, f.access_keys)) return Refusal::intrinsic_gas_too_low;
    if (f.nonce == std::numeric_limits<std::uint64_t>::max()) return Refusal::nonce_at_maximum;
    if (!crypto::is_low_s(f.signature)) return Refusal::high_s;
    return Refusal::none;
}

tl::expected<Fields, Refusal> parse(ByteView raw) {
    if (const Refusal refusal = check_kind(raw); refusal != Refusal::none) return tl::unexpected(refusal);
    Fields fields;
    if (read_fields(raw, fields) != rlp::Error::none) return tl::unexpected(Refusal::malformed);
    return fields;
}

std::vector<AccessEntry> copy_access_list(const Fields& f) {
    std::vector<AccessEntry> out;
    out.reserve(f.access_addresses);
    for (rlp::Reader entries(f.access_list); !entries.at_end();) {
        rlp::Reader entry = entries.list();
        AccessEntry& copy = out.emplace_back();
        copy.address = *Address::from(entry.string());
        rlp::Reader keys = entry.list();
        while (!keys.at_end()) copy.keys.push_back(*Word256::from(keys.string()));
    }
    return out;
}

Transaction transaction_of(const Fields& f, ByteView raw) {
    Transaction t;
    t.type = f.type;
    t.chain_id = f.chain_id;
    t.nonce = f.nonce;
    t.max_priority_fee = f.max_priority_fee;
    t.max_fee = f.max_fee;
    t.gas_limit = f.gas_limit;
    if (!f.to.empty()) t.to = *Address::from(f.to);
    t.value = f.value;
    t.data = to_bytes(f.data);
    t.access_list = copy_access_list(f);
    t.signature = f.signature;
    t.hash = crypto::keccak256(raw);
    t.signing_hash = signing_hash_of(f);
    return t;
}

void write_unsigned(rlp::Writer& w, const Transaction& t) {
    if (t.type != 0) w.integer64(t.chain_id);
    w.integer64(t.nonce);
    if (t.type == type_dynamic_fee) w.integer(t.max_priority_fee);
    w.integer(t.max_fee).integer64(t.gas_limit).string(t.to.view()).integer(t.value).string(t.data);
    if (t.type == 0) return;
    rlp::Writer entries;
    for (const AccessEntry& entry : t.access_list) {
        rlp::Writer keys;
        for (const Word256& key : entry.keys) keys.string(key.view());
        entries.raw(rlp::Writer().string(entry.address.view()).raw(keys.list()).list());
    }
    w.raw(entries.list());
}

}  // namespace

std::optional<uint256> Transaction::cost_max() const {
    const auto gas = checked_mul(max_fee, gas_limit);
    return gas ? checked_add(*gas, value) : std::nullopt;
}

uint256 Transaction::effective_gas_price(const uint256& base_fee) const {
    const auto wanted = checked_add(base_fee, max_priority_fee);
    return wanted && *wanted < max_fee ? *wanted : max_fee;
}

tl::expected<Transaction, Refusal> decode_transaction(ByteView raw, std::uint64_t chain_id, std::uint64_t fee_min_wei) {
    const auto fields = parse(raw);
    if (!fields) return tl::unexpected(fields.error());
    const Refusal refusal = check_rules(*fields, chain_id, fee_min_wei);
    if (refusal != Refusal::none) return tl::unexpected(refusal);
    return transaction_of(*fields, raw);
}

tl::expected<DecodedTransaction, Refusal> decode_any(ByteView raw) {
    const auto fields = parse(raw);
    if (!fields) return tl::unexpected(fields.error());
    return DecodedTransaction{transaction_of(*fields, raw), fields->to.empty(), fields->is_protected};
}

std::uint64_t intrinsic_gas(ByteView data, const std::vector<AccessEntry>& access_list) {
    std::size_t keys = 0;
    for (const AccessEntry& entry : access_list) keys += entry.keys.size();
    return intrinsic_gas_of(data, access_list.size(), keys);
}

std::optional<Address> recover_sender(const Transaction& transaction) {
    return crypto::recover_address(transaction.signing_hash, transaction.signature);
}

std::optional<Address> recover_sender(ByteView raw) {
    const auto fields = parse(raw);
    if (!fields) return std::nullopt;
    return crypto::recover_address(signing_hash_of(*fields), fields->signature);
}

Bytes sign_transaction(const Transaction& t, const crypto::AccountKey& key) {
    require(t.type <= type_dynamic_fee, "a transaction type that we do not sign");
    rlp::Writer w;
    write_unsigned(w, t);
    const bool is_protected = t.chain_id != 0;
    const auto signature = key.sign(signing_hash_of(t.type, w.items(), replay_suffix(t.type, is_protected, t.chain_id)));
    if (t.type != 0)
        w.integer64(signature.y_parity);
    else if (is_protected)
        w.integer(uint256(t.chain_id) * 2 + 35 + signature.y_parity);
    else
        w.integer64(27U + signature.y_parity);
    w.integer(uint256_from_be(signature.r)).integer(uint256_from_be(signature.s));
    Bytes out;
    if (t.type != 0) out.push_back(t.type);
    append(out, w.list());
    return out;
}

}  // namespace rondo::ethereum
