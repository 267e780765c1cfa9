#include "messages/ethereum/abi.hpp"

#include <nlohmann/json.hpp>
#include <sstream>

#include "vectors.hpp"

// Inside the namespace: outside of it `abi` is also the C++ runtime's.
namespace rondo::test {
namespace {

using nlohmann::json;

Word256 filled(std::uint8_t byte) {
    Word256 out;
    out.bytes.fill(byte);
    return out;
}

/// The types inside "(a,b)", or the one type; empty if we do not speak one of them.
std::vector<std::string> spoken_types(std::string type) {
    if (type.starts_with('(') && type.ends_with(')')) type = type.substr(1, type.size() - 2);
    std::vector<std::string> out;
    std::istringstream in(type);
    for (std::string part; std::getline(in, part, ',');) {
        static const std::vector<std::string> known{"address", "bool",    "string",    "bytes",
                                                    "bytes32", "uint256", "bytes32[]", "uint256[]"};
        if (std::find(known.begin(), known.end(), part) == known.end()) return {};
        out.push_back(part);
    }
    return out;
}

Word256 word_of(const json& value) {
    const auto text = value.get<std::string>();
    if (text.starts_with("0x")) return fixed<Word256>(text);
    return to_word(from_decimal(text).value_or(0));
}

void encode_one(abi::Encoder& e, const std::string& type, const json& value) {
    if (type == "address")
        e.address(fixed<Address>(value));
    else if (type == "bool")
        e.boolean(value);
    else if (type == "string")
        e.string(value.get<std::string>());
    else if (type == "bytes")
        e.bytes(unhex(value));
    else if (type.ends_with("[]")) {
        std::vector<Word256> words;
        for (const json& element : value) words.push_back(word_of(element));
        e.words(words);
    } else
        e.word(word_of(value));
}

void decode_one(abi::Decoder& d, abi::Encoder& again, const std::string& type) {
    if (type == "address")
        again.address(d.address());
    else if (type == "bool")
        again.boolean(d.boolean());
    else if (type == "string")
        again.string(d.string());
    else if (type == "bytes")
        again.bytes(d.bytes());
    else if (type.ends_with("[]"))
        again.words(d.words(1000));
    else
        again.word(d.word());
}

bool is_dynamic(const std::string& type) { return type == "string" || type == "bytes" || type.ends_with("[]"); }

}  // namespace

TEST(Abi, SelectorsAndTopicsAreTheKnownOnes) {
    EXPECT_EQ(to_hex(abi::selector("transfer(address,uint256)").view()), "a9059cbb");
    EXPECT_EQ(to_hex(abi::event_topic("Transfer(address,address,uint256)").view()),
              "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef");
    EXPECT_EQ(to_hex(ByteView(abi::revert_reason("no")).first(4)), "08c379a0");
}

TEST(Abi, AgreesWithALibraryOnTheTypesWeSpeak) {
    NEEDS_DATA("ethereum/abi.json.gz");
    std::size_t compared = 0;
    for (const json& c : read_json("ethereum/abi.json.gz")) {
        const std::string type = c.at("type");
        const auto types = spoken_types(type);
        if (types.empty()) continue;
        const bool tuple = type.starts_with('(');
        abi::Encoder inner;
        for (std::size_t i = 0; i < types.size(); ++i) encode_one(inner, types[i], tuple ? c.at("value").at(i) : c.at("value"));
        // A dynamic tuple is itself an argument: one offset stands before its encoding.
        Bytes expected = unhex(c.at("encoded"));
        if (tuple && std::any_of(types.begin(), types.end(), is_dynamic)) expected.erase(expected.begin(), expected.begin() + 32);
        EXPECT_EQ(to_hex(inner.arguments()), to_hex(expected)) << c.at("name");
        abi::Decoder decoder(expected);
        abi::Encoder again;
        for (const std::string& t : types) decode_one(decoder, again, t);
        EXPECT_TRUE(decoder.ok()) << c.at("name");
        EXPECT_EQ(to_hex(again.arguments()), to_hex(expected)) << c.at("name");
        ++compared;
    }
    EXPECT_GT(compared, 35U);
}

TEST(Abi, DecodesWhatItEncodes) {
    const Bytes data(33, 0xab);
    const std::vector<Word256> proof{filled(1), filled(2)};
    abi::Encoder e;
    e.number(7).bytes(data).boolean(true).words(proof).string("two words").address(Address{}).words({});
    const Bytes encoded = e.arguments();
    abi::Decoder d(encoded);
    EXPECT_EQ(d.number(), 7);
    EXPECT_EQ(d.bytes(), data);
    EXPECT_TRUE(d.boolean());
    EXPECT_EQ(d.words(2), proof);
    EXPECT_EQ(d.string(), "two words");
    EXPECT_EQ(d.address(), Address{});
    EXPECT_TRUE(d.words(0).empty());
    EXPECT_TRUE(d.ok());
}

TEST(Abi, RefusesWhatIsNotStrict) {
    const auto refuses = [](const Bytes& arguments, auto read) {
        abi::Decoder d(arguments);
        (void)read(d);
        return !d.ok();
    };
    const auto with_word = [](const Word256& w) { return to_bytes(w.view()); };
    EXPECT_TRUE(refuses(with_word(filled(1)), [](abi::Decoder& d) { return d.address(); }));
    EXPECT_TRUE(refuses(with_word(filled(1)), [](abi::Decoder& d) { return d.number64(); }));
    EXPECT_TRUE(refuses(with_word(to_word(2)), [](abi::Decoder& d) { return d.boolean(); }));
    EXPECT_TRUE(refuses(Bytes(31, 0), [](abi::Decoder& d) { return d.word(); }));
    const auto bytes = [](abi::Decoder& d) { return d.bytes(); };
    const Bytes good = abi::Encoder().bytes(Bytes{1, 2, 3}).arguments();
    EXPECT_FALSE(refuses(good, bytes));
    for (std::size_t length = 0; length < good.size(); ++length)
        EXPECT_TRUE(refuses(to_bytes(ByteView(good).first(length)), bytes)) << length;
    Bytes padding = good;
    padding.back() = 1;
    EXPECT_TRUE(refuses(padding, bytes));
    Bytes far = good;
    std::fill_n(far.begin() + 24, 8, std::uint8_t{0xff});  // offset
    EXPECT_TRUE(refuses(far, bytes));
    Bytes huge = good;
    std::fill_n(huge.begin() + 32, 32, std::uint8_t{0xff});  // length
    EXPECT_TRUE(refuses(huge, bytes));
    const Bytes words = abi::Encoder().words({filled(1), filled(2)}).arguments();
    EXPECT_TRUE(refuses(words, [](abi::Decoder& d) { return d.words(1); }));
    EXPECT_TRUE(refuses(Bytes(words.begin(), words.end() - 1), [](abi::Decoder& d) { return d.words(2); }));
}

}  // namespace rondo::test
