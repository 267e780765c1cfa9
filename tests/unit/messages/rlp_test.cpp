#include "messages/ethereum/rlp.hpp"

#include <rapidcheck.h>

#include <nlohmann/json.hpp>

#include "vectors.hpp"

using namespace rondo;
using namespace rondo::test;
using nlohmann::json;
using rlp::Error;

namespace {

/// The vectors' JSON: a list, a number, "#decimal", or the string itself.
Bytes encode_vector(const json& in) {
    if (in.is_array()) {
        rlp::Writer w;
        for (const json& element : in) w.raw(encode_vector(element));
        return w.list();
    }
    if (in.is_number()) return rlp::Writer().integer64(in.get<std::uint64_t>()).items();
    const auto text = in.get<std::string>();
    if (!text.starts_with('#')) return rlp::encode_string(as_bytes(text));
    // One vector is 2^256, beyond every integer of ours: as bytes it is the same encoding.
    const boost::multiprecision::cpp_int number(text.substr(1));
    Bytes be;
    export_bits(number, std::back_inserter(be), 8);
    return rlp::encode_string(be);
}

/// The vectors of the library: hex strings and lists of them.
Bytes encode_hex_tree(const json& tree) {
    if (tree.is_string()) return rlp::encode_string(unhex(tree));
    rlp::Writer w;
    for (const json& element : tree) w.raw(encode_hex_tree(element));
    return w.list();
}

json decode_hex_tree(const rlp::Item& item) {
    if (!item.is_list) return to_hex_prefixed(item.content);
    json out = json::array();
    for (rlp::Reader r(item.content); !r.at_end() && r.error() == Error::none;) out.push_back(decode_hex_tree(r.next()));
    return out;
}

}  // namespace

TEST(Rlp, EncodesAndValidatesEthereumsVectors) {
    NEEDS_DATA("ethereum/RLPTests/rlptest.json");
    const json cases = read_json("ethereum/RLPTests/rlptest.json");
    ASSERT_GT(cases.size(), 20U);
    for (const auto& [name, c] : cases.items()) {
        const Bytes expected = unhex(c.at("out"));
        EXPECT_EQ(to_hex(encode_vector(c.at("in"))), to_hex(expected)) << name;
        EXPECT_EQ(rlp::validate(expected), Error::none) << name;
    }
}

TEST(Rlp, RefusesEthereumsInvalidVectors) {
    NEEDS_DATA("ethereum/RLPTests/invalidRLPTest.json");
    const json cases = read_json("ethereum/RLPTests/invalidRLPTest.json");
    ASSERT_GT(cases.size(), 20U);
    for (const auto& [name, c] : cases.items()) EXPECT_NE(rlp::validate(unhex(c.at("out"))), Error::none) << name;
}

TEST(Rlp, AgreesWithALibraryInBothDirections) {
    NEEDS_DATA("ethereum/rlp.json.gz");
    for (const auto& c : read_json("ethereum/rlp.json.gz")) {
        const Bytes expected = unhex(c.at("encoded"));
        EXPECT_EQ(to_hex(encode_hex_tree(c.at("decoded"))), to_hex(expected)) << c.at("name");
        EXPECT_EQ(rlp::validate(expected), Error::none) << c.at("name");
        rlp::Reader r(expected);
        EXPECT_EQ(decode_hex_tree(r.next()), c.at("decoded")) << c.at("name");
        EXPECT_EQ(r.finish(), Error::none) << c.at("name");
    }
}

TEST(Rlp, NamesWhatIsWrong) {
    const auto verdict = [](const std::string& hex) { return rlp::validate(unhex(hex)); };
    EXPECT_EQ(verdict("82ab"), Error::truncated);
    EXPECT_EQ(verdict("8000"), Error::trailing_bytes);
    EXPECT_EQ(verdict("8101"), Error::not_canonical);
    EXPECT_EQ(verdict("b801ff"), Error::not_canonical);
    EXPECT_EQ(verdict("c28101"), Error::not_canonical);
    const auto integer = [](const std::string& hex, auto read) {
        const Bytes bytes = unhex(hex);
        rlp::Reader r(bytes);
        (void)read(r);
        return r.finish();
    };
    const auto read64 = [](rlp::Reader& r) { return r.integer64(); };
    EXPECT_EQ(integer("820001", read64), Error::leading_zero);
    EXPECT_EQ(integer("00", read64), Error::leading_zero);
    EXPECT_EQ(integer("89010000000000000000", read64), Error::too_long);
    EXPECT_EQ(integer("c0", read64), Error::wrong_kind);
    EXPECT_EQ(integer("80", [](rlp::Reader& r) { return r.list().at_end(); }), Error::wrong_kind);
    EXPECT_EQ(integer("83010000", [](rlp::Reader& r) { return r.integer(2); }), Error::too_long);
}

TEST(Rlp, AcceptsNestingUpToItsLimitAndNoDeeper) {
    const auto nested = [](std::size_t depth) {
        Bytes out = rlp::encode_list({});
        for (std::size_t i = 1; i < depth; ++i) out = rlp::encode_list(out);
        return out;
    };
    EXPECT_EQ(rlp::validate(nested(1024)), Error::none);
    EXPECT_EQ(rlp::validate(nested(1025)), Error::too_deep);
}

TEST(Rlp, NumbersAndStringsComeBack) {
    EXPECT_TRUE(rc::check("round trip", [](std::uint64_t a, const Bytes& b, std::uint64_t high) {
        const uint256 wide = (uint256(high) << 190) + a;
        const Bytes encoded = rlp::Writer().integer64(a).string(b).integer(wide).list();
        RC_ASSERT(rlp::validate(encoded) == Error::none);
        rlp::Reader outer(encoded);
        rlp::Reader r = outer.list();
        RC_ASSERT(r.integer64() == a);
        RC_ASSERT(to_bytes(r.string()) == b);
        RC_ASSERT(r.integer(32) == wide);
        RC_ASSERT(r.finish() == Error::none);
        RC_ASSERT(outer.finish() == Error::none);
    }));
}

TEST(Rlp, AListHeaderStandsBeforeEveryLengthOfItems) {
    for (const std::size_t length : {0U, 1U, 55U, 56U, 255U, 256U, 65535U, 65536U}) {
        const Bytes items(length, 0x01);
        Bytes joined = rlp::list_header(length);
        append(joined, items);
        EXPECT_EQ(joined, rlp::encode_list(items));
        EXPECT_EQ(rlp::validate(joined), Error::none) << length;
    }
}
