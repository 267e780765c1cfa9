#include "wire_samples.hpp"

#include <memory>
#include <random>

#include "messages/codec/codec.hpp"
#include "messages/wire/evidence.hpp"
#include "messages/wire/requests.hpp"
#include "messages/wire/snapshot.hpp"

namespace rondo::test {
namespace {

/// Where a sample's numbers come from: counted up, or drawn.
class Source {
  public:
    Source() = default;
    explicit Source(std::uint64_t seed) : drawn_(true), random_(seed) {}

    /// Drawn numbers have every width, so that every form of an integer appears.
    std::uint64_t number() { return drawn_ ? random_() >> (random_() % 64) : ++count_; }
    std::size_t length() { return drawn_ ? static_cast<std::size_t>(random_() % 4) : 2; }
    bool present() { return !drawn_ || random_() % 2 == 0; }
    std::size_t alternative(std::size_t count) { return static_cast<std::size_t>(number()) % count; }
    Bytes bytes(std::size_t size) {
        Bytes out(size);
        for (std::uint8_t& b : out) b = static_cast<std::uint8_t>(number());
        return out;
    }

  private:
    bool drawn_ = false;
    std::uint64_t count_ = 0;
    std::mt19937_64 random_;
};

template <class T>
void fill(Source& source, T& value);

template <class T>
void fill_enum(Source& source, T& value) {
    using U = std::underlying_type_t<T>;
    do value = static_cast<T>(static_cast<U>(source.number() % 64));
    while (!is_valid(value));
}

template <std::size_t I = 0, class... T>
void fill_alternative(Source& source, std::size_t index, std::variant<T...>& value) {
    if constexpr (I < sizeof...(T)) {
        if (index != I) return fill_alternative<I + 1>(source, index, value);
        std::variant_alternative_t<I, std::variant<T...>> chosen{};
        fill(source, chosen);
        value = std::variant<T...>(std::in_place_index<I>, std::move(chosen));
    }
}

template <class T>
void fill(Source& source, T& value) {
    if constexpr (std::is_same_v<T, bool>)
        value = source.number() % 2 == 1;
    else if constexpr (std::is_enum_v<T>)
        fill_enum(source, value);
    else if constexpr (std::is_unsigned_v<T>)
        value = static_cast<T>(source.number());
    else if constexpr (codec::is_number<T>::value)
        fill(source, value.value);
    else if constexpr (codec::is_fixed<T>::value)
        value = *T::from(source.bytes(T::size_bytes));
    else if constexpr (std::is_same_v<T, Bytes>)
        value = source.bytes(source.length());
    else if constexpr (std::is_same_v<T, std::string>)
        value = to_hex(source.bytes(source.length()));
    else if constexpr (std::is_same_v<T, uint256>)
        value = uint256_from_be(source.bytes(source.length() * 8));
    else if constexpr (codec::is_vector<T>::value) {
        value.resize(source.length());
        for (auto& element : value) fill(source, element);
    } else if constexpr (codec::is_optional<T>::value) {
        if (source.present()) fill(source, value.emplace());
    } else if constexpr (codec::is_variant<T>::value) {
        fill_alternative(source, source.alternative(std::variant_size_v<T>), value);
    } else {
        std::apply([&](auto&... field) { (fill(source, field), ...); }, T::fields(value));
        if constexpr (codec::Signed<T>) fill(source, value.signature);
    }
}

// On the heap: g++ 12 takes the untaken alternatives of a variant on the stack for uninitialized.
template <class T>
Bytes counted(std::size_t alternative) {
    Source source;
    const auto value = std::make_unique<T>();
    if constexpr (codec::is_variant<T>::value)
        fill_alternative(source, alternative, *value);
    else
        fill(source, *value);
    return encode(*value);
}

template <class T>
Bytes drawn(std::uint64_t seed) {
    Source source(seed);
    const auto value = std::make_unique<T>();
    fill(source, *value);
    return encode(*value);
}

template <class T>
codec::DecodeError recode(ByteView input, Bytes& again) {
    const auto value = decode<T>(input);
    if (!value) return value.error();
    again = encode(*value);
    return codec::DecodeError::none;
}

template <class T>
constexpr std::size_t alternatives_of() {
    if constexpr (codec::is_variant<T>::value)
        return std::variant_size_v<T>;
    else
        return 1;
}

template <class T>
WireType wire_type(const char* name) {
    return {name, alternatives_of<T>(), counted<T>, drawn<T>, recode<T>};
}

}  // namespace

const std::vector<WireType>& wire_types() {
#define WIRE(type) wire_type<type>(#type)
    static const std::vector<WireType> all{WIRE(BatchHeader),
                                           WIRE(Payload),
                                           WIRE(Ack),
                                           WIRE(PoA),
                                           WIRE(BatchRecord),
                                           WIRE(Receipt),
                                           WIRE(LaneMessage),
                                           WIRE(Cut),
                                           WIRE(Vote),
                                           WIRE(Certificate),
                                           WIRE(Proposal),
                                           WIRE(Tail),
                                           WIRE(FinalBlock),
                                           WIRE(FinalBlocks),
                                           WIRE(ConsensusMessage),
                                           WIRE(SignedMessage),
                                           WIRE(EpochContext),
                                           WIRE(Genesis),
                                           WIRE(Result),
                                           WIRE(ExecutedBlock),
                                           WIRE(Posting),
                                           WIRE(Carried),
                                           WIRE(StateMessage),
                                           WIRE(Evidence),
                                           WIRE(IntakeRequest),
                                           WIRE(IntakeReply),
                                           WIRE(ConsensusRequest),
                                           WIRE(ConsensusReply),
                                           WIRE(ExecutionRequest),
                                           WIRE(ExecutionReply),
                                           WIRE(DaRequest),
                                           WIRE(DaReply),
                                           WIRE(BackendRequest),
                                           WIRE(BackendReply),
                                           WIRE(RewardsRequest),
                                           WIRE(RewardsReply)};
#undef WIRE
    return all;
}

}  // namespace rondo::test
