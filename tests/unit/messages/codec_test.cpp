#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <msgpack.hpp>

#include "allocation_meter.hpp"
#include "messages/codec/encode.hpp"
#include "messages/wire/batch.hpp"
#include "messages/wire/consensus.hpp"
#include "wire_samples.hpp"

using namespace rondo;
using namespace rondo::test;
using codec::DecodeError;
using codec::Reader;

namespace {

const std::string golden_path = RONDO_SOURCE_DIR "/tests/unit/messages/golden.txt";

/// Name (with the alternative of a variant) -> encoding of its counted sample.
std::map<std::string, Bytes> samples() {
    std::map<std::string, Bytes> out;
    for (const WireType& type : wire_types())
        for (std::size_t i = 0; i < type.alternatives; ++i)
            out[type.alternatives == 1 ? type.name : type.name + "." + std::to_string(i)] = type.counted(i);
    return out;
}

std::map<std::string, Bytes> golden() {
    std::map<std::string, Bytes> out;
    std::ifstream in(golden_path);
    for (std::string name, hex; in >> name >> hex;) out[name] = from_hex(hex).value_or(Bytes{});
    return out;
}

void write_golden() {
    std::ofstream out(golden_path);
    for (const auto& [name, bytes] : samples()) out << name << ' ' << to_hex(bytes) << '\n';
}

template <class Read>
DecodeError reading(const std::string& hex, Read read) {
    const Bytes bytes = *from_hex(hex);
    Reader r(bytes);
    read(r);
    return r.finish();
}

}  // namespace

// A difference here breaks every stored record and every signature made before. RONDO_WRITE_GOLDEN=1 writes the file anew.
TEST(Codec, EncodingsAreTheOnesThatWerePinned) {
    if (std::getenv("RONDO_WRITE_GOLDEN") != nullptr) write_golden();
    const auto pinned = golden();
    const auto now = samples();
    EXPECT_EQ(pinned.size(), now.size());
    for (const auto& [name, bytes] : now) {
        ASSERT_TRUE(pinned.contains(name)) << name << " is not pinned";
        EXPECT_EQ(to_hex(bytes), to_hex(pinned.at(name))) << name;
    }
}

TEST(Codec, EncodingsAreMsgpackToAForeignReader) {
    for (const auto& [name, bytes] : samples()) {
        std::size_t used = 0;
        const auto handle = msgpack::unpack(reinterpret_cast<const char*>(bytes.data()), bytes.size(), used);
        EXPECT_EQ(used, bytes.size()) << name;
        EXPECT_EQ(handle.get().type, msgpack::type::ARRAY) << name;
    }
}

TEST(Codec, EveryTypeComesBackFromItsEncoding) {
    for (const WireType& type : wire_types()) {
        EXPECT_TRUE(rc::check(type.name, [&type](std::uint64_t seed) {
            const Bytes encoded = type.drawn(seed);
            Bytes again;
            RC_ASSERT(type.recode(encoded, again) == DecodeError::none);
            RC_ASSERT(again == encoded);
        }));
    }
}

TEST(Codec, EveryTruncationOfEveryTypeIsRefused) {
    for (const WireType& type : wire_types()) {
        for (std::size_t i = 0; i < type.alternatives; ++i) {
            const Bytes whole = type.counted(i);
            Bytes again;
            for (std::size_t length = 0; length < whole.size(); ++length)
                ASSERT_EQ(type.recode(ByteView(whole).first(length), again), DecodeError::truncated)
                    << type.name << i << " at " << length;
        }
    }
}

TEST(Codec, WhatFollowsAValueIsRefused) {
    for (const WireType& type : wire_types()) {
        Bytes longer = type.counted(0);
        longer.push_back(0);
        Bytes again;
        EXPECT_EQ(type.recode(longer, again), DecodeError::trailing_bytes) << type.name;
    }
}

TEST(Codec, NoOtherBytesDecodeToTheSameValue) {
    // What decodes at all is its own encoding: one flipped bit is another value or a refusal.
    for (const WireType& type : wire_types()) {
        for (std::size_t i = 0; i < type.alternatives; ++i) {
            const Bytes whole = type.counted(i);
            for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
                Bytes changed = whole;
                changed[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
                Bytes again;
                if (type.recode(changed, again) == DecodeError::none) {
                    ASSERT_EQ(again, changed) << type.name << i << " bit " << bit;
                }
            }
        }
    }
}

TEST(Codec, IntegersHaveOneForm) {
    const auto verdict = [](const std::string& hex) { return reading(hex, [](Reader& r) { r.read_uint(~0ULL); }); };
    for (const char* shortest :
         {"00", "7f", "cc80", "ccff", "cd0100", "cdffff", "ce00010000", "ceffffffff", "cf0000000100000000", "cfffffffffffffffff"})
        EXPECT_EQ(verdict(shortest), DecodeError::none) << shortest;
    for (const char* longer :
         {"cc00", "cc7f", "cd0000", "cd00ff", "ce00000000", "ce0000ffff", "cf0000000000000000", "cf00000000ffffffff"})
        EXPECT_EQ(verdict(longer), DecodeError::not_minimal) << longer;
    for (const char* foreign : {"d001", "ff", "c0", "c2", "a0", "90", "80", "ca00000000", "c400", "c1", "d3ffffffffffffffff"})
        EXPECT_EQ(verdict(foreign), DecodeError::wrong_type) << foreign;
    EXPECT_EQ(reading("cc80", [](Reader& r) { r.read_uint(127); }), DecodeError::out_of_range);
    EXPECT_EQ(reading("cd01", [](Reader& r) { r.read_uint(~0ULL); }), DecodeError::truncated);
}

TEST(Codec, StringsAndArraysHaveOneForm) {
    const auto bin = [](Reader& r) { r.read_bin(1U << 20); };
    const auto str = [](Reader& r) { r.read_str(1U << 20); };
    EXPECT_EQ(reading("c40101", bin), DecodeError::none);
    EXPECT_EQ(reading("c5000101", bin), DecodeError::not_minimal);
    EXPECT_EQ(reading("c60000000101", bin), DecodeError::not_minimal);
    EXPECT_EQ(reading("a101", bin), DecodeError::wrong_type);
    EXPECT_EQ(reading("a161", str), DecodeError::none);
    EXPECT_EQ(reading("d90161", str), DecodeError::not_minimal);
    EXPECT_EQ(reading("da000161", str), DecodeError::not_minimal);
    EXPECT_EQ(reading("db0000000161", str), DecodeError::not_minimal);
    EXPECT_EQ(reading("c40161", str), DecodeError::wrong_type);
    const auto array = [](Reader& r) {
        for (std::size_t i = r.read_array(100); i > 0; --i) r.read_uint(9);
    };
    EXPECT_EQ(reading("920102", array), DecodeError::none);
    EXPECT_EQ(reading("dc00020102", array), DecodeError::not_minimal);
    EXPECT_EQ(reading("dd000000020102", array), DecodeError::not_minimal);
    EXPECT_EQ(reading("8101", array), DecodeError::wrong_type);
    EXPECT_EQ(reading("cc01", [](Reader& r) { r.read_bool(); }), DecodeError::wrong_type);
}

TEST(Codec, CountsAndLengthsBeyondTheirLimitAreRefusedByTheirHeaderAlone) {
    EXPECT_EQ(reading("dd00040001", [](Reader& r) { r.read_array(1U << 18); }), DecodeError::too_many);
    EXPECT_EQ(reading("c600800001", [](Reader& r) { r.read_bin(8U << 20); }), DecodeError::too_many);
    EXPECT_EQ(reading("da1001", [](Reader& r) { r.read_str(4096); }), DecodeError::too_many);
    EXPECT_EQ(reading("a5", [](Reader& r) { r.read_str(4); }), DecodeError::too_many);
}

TEST(Codec, FieldsOfAnotherShapeAreRefused) {
    EXPECT_EQ(decode<Cut>(*from_hex("9190")), Cut{});
    EXPECT_EQ(decode<Cut>(*from_hex("929090")).error(), DecodeError::too_many);
    EXPECT_EQ(decode<Cut>(*from_hex("90")).error(), DecodeError::wrong_length);
    EXPECT_EQ(decode<Cut>(*from_hex("9191930101c40100")).error(), DecodeError::wrong_length);  // a digest of one byte
    EXPECT_EQ(decode<Vote>(*from_hex("960601010101c0")).error(), DecodeError::out_of_range);   // no such kind of vote
    EXPECT_EQ(decode<LaneMessage>(*from_hex("920a90")).error(), DecodeError::out_of_range);    // no such alternative
}

TEST(Codec, HostileCountsAllocateInProportionToTheInput) {
    const auto claim = [](std::size_t padding) {  // an array that claims as many elements as bytes follow
        Bytes out{0xdd};
        append_be32(out, static_cast<std::uint32_t>(padding));
        out.resize(5 + padding, 0x90);
        return out;
    };
    for (const std::size_t padding : {std::size_t{70'000}, std::size_t{200'000}}) {
        for (const WireType& type : wire_types()) {
            for (std::size_t i = 0; i < type.alternatives; ++i) {
                const Bytes sample = type.counted(i);
                for (std::size_t at = 0; at < std::min<std::size_t>(sample.size(), 200); ++at) {
                    if ((sample[at] & 0xf0) != 0x90) continue;
                    Bytes hostile(sample.begin(), sample.begin() + static_cast<std::ptrdiff_t>(at));
                    append(hostile, claim(padding));
                    Bytes again;
                    const AllocationMeter meter;
                    (void)type.recode(hostile, again);
                    // The dearest byte is an empty list of a list: 24 bytes in memory, and again while the list grows.
                    ASSERT_LT(meter.allocated(), 128 * hostile.size() + (1U << 18)) << type.name << i << " at " << at;
                }
            }
        }
    }
}

TEST(Codec, TheBodyOfASignedTypeIsItsEncodingWithoutTheSignature) {
    Vote vote;
    vote.view = View(7);
    const Bytes before = encode_body(vote);
    vote.signature.bytes.fill(9);
    EXPECT_EQ(encode_body(vote), before);
    EXPECT_EQ(before.front() + 1, encode(vote).front());
    EXPECT_EQ(encode(vote).size(), before.size() + 2 + Signature::size_bytes);
}
