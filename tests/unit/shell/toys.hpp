#pragma once
#include <memory>

#include "cluster/runtime/core.hpp"
#include "cluster/shell/shell_config.hpp"

/// Cores that do as little as shows the shell at work. Requests and replies are plain bytes.
namespace rondo::test {

inline Bytes be(std::uint64_t value) {
    Bytes out;
    append_be64(out, value);
    return out;
}

/// Publishes `payload` of each request "p…" on its stream; numbers them in its own table first.
class Publisher final : public Core {
  public:
    static constexpr Table counted{0, "counted"};
    static ActorTraits traits(Actor actor = Actor::intake) { return {actor, Durability::durable, {counted}, {}, {}, 1}; }
    Publisher(const StoreView& view, Stream stream) : view_(view), stream_(stream) {}

    Effects start(Instant) override { return {}; }
    Effects step(Instant, const Input& input) override {
        Effects effects;
        const auto* request = std::get_if<Request>(&input);
        if (request == nullptr) return effects;
        const auto count = view_.get(counted, as_bytes("count"));
        const std::uint64_t number = (count ? read_be64(*count) : 0) + 1;
        effects.put(counted, to_bytes(as_bytes("count")), be(number));
        Publish publish{stream_, 0, {}, {}};
        if (is_deterministic(stream_)) {
            publish.sequence = number;
            publish.identity.bytes[0] = static_cast<std::uint8_t>(number + (request->payload.empty() ? 0 : request->payload[0]));
        }
        if (number % 2 == 0) {  // every other one by reference to a record
            Bytes key = be(number);
            effects.put(counted, key, be(number));
            publish.payload = RecordRef{counted, key};
        } else {
            publish.payload = be(number);
        }
        effects.publishes.push_back(std::move(publish));
        effects.replies.push_back({request->id, be(number)});
        return effects;
    }
    std::vector<StatusField> status() const override { return {{"toy", std::uint64_t{42}}, {"word", std::string("yes")}}; }

  private:
    const StoreView& view_;
    Stream stream_;
};

/// Writes what it hears under its place of arrival; any request is answered with the number of messages heard and the last.
/// A Derived one takes a checkpoint after every hundredth.
class Listener final : public Core {
  public:
    static constexpr Table heard{0, "heard"};
    static ActorTraits traits(Actor actor, Stream stream, Durability durability = Durability::durable) {
        return {actor, durability, {heard}, {stream}, {}, 1};
    }
    explicit Listener(const StoreView& view, Durability durability = Durability::durable)
        : view_(view), derived_(durability == Durability::derived) {}
    Effects start(Instant) override { return {}; }
    Effects step(Instant, const Input& input) override {
        Effects effects;
        if (const auto* message = std::get_if<StreamMessage>(&input)) {
            const std::uint64_t place = count() + 1;
            // In order, none lost, none doubled, and with the payload that was published under this number.
            const bool right = message->sequence == place && message->payload == be(place);
            if (!right)
                effects.stop = Stop{99, "heard " + std::to_string(message->sequence) + " at place " + std::to_string(place)};
            effects.put(heard, be(place), message->payload);
            if (derived_ && place % 100 == 0) effects.checkpoint = Height(place);
        } else if (const auto* request = std::get_if<Request>(&input)) {
            effects.replies.push_back({request->id, be(count())});
        }
        return effects;
    }
    std::vector<StatusField> status() const override { return {}; }

  private:
    std::uint64_t count() const {
        std::uint64_t last = 0;
        view_.scan_reverse(heard, {}, {}, [&](ByteView key, ByteView) {
            last = read_be64(key);
            return false;
        });
        return last;
    }
    const StoreView& view_;
    bool derived_;
};

}  // namespace rondo::test
