#include "cluster/runtime/core.hpp"

#include <array>

namespace rondo {
namespace {

constexpr std::array<std::string_view, actor_count> actor_names{"intake", "consensus", "execution", "da", "watcher", "rewards"};
constexpr std::array<std::string_view, stream_count> stream_names{"batches",     "certificates", "receipts", "lane_signed",
                                                                  "vote_signed", "blocks",       "results",  "postings"};
constexpr std::array<Actor, stream_count> stream_publishers{Actor::intake,    Actor::intake,    Actor::intake,    Actor::intake,
                                                            Actor::consensus, Actor::consensus, Actor::execution, Actor::da};
constexpr std::array<std::string_view, channel_count> channel_names{"lanes", "votes", "sync", "fetch", "state"};

}  // namespace

std::string_view to_string(Actor actor) { return actor_names[static_cast<std::size_t>(actor)]; }

std::optional<Actor> actor_from_string(std::string_view name) {
    for (std::size_t i = 0; i < actor_count; ++i)
        if (actor_names[i] == name) return static_cast<Actor>(i);
    return std::nullopt;
}

std::string_view to_string(Stream stream) { return stream_names[static_cast<std::size_t>(stream)]; }
Actor publisher_of(Stream stream) { return stream_publishers[static_cast<std::size_t>(stream)]; }
bool is_deterministic(Stream stream) { return stream == Stream::blocks || stream == Stream::results; }
bool is_best_effort(Stream stream) { return stream == Stream::certificates; }
bool is_patient(Stream stream) {
    return stream == Stream::receipts || stream == Stream::lane_signed || stream == Stream::vote_signed;
}

std::string_view to_string(Channel channel) { return channel_names[static_cast<std::size_t>(channel)]; }
Actor owner_of(Channel channel) {
    if (channel == Channel::state) return Actor::execution;
    return channel == Channel::lanes || channel == Channel::fetch ? Actor::intake : Actor::consensus;
}

std::uint16_t port_of(const Endpoints& endpoints, Channel channel) {
    switch (channel) {
        case Channel::lanes:
            return endpoints.lanes;
        case Channel::votes:
            return endpoints.votes;
        case Channel::sync:
            return endpoints.sync;
        case Channel::fetch:
            return endpoints.fetch;
        case Channel::state:
            return endpoints.state;
    }
    return 0;
}

const Checkpoints& StoreView::checkpoints() const {
    static const Checkpoints none;
    return none;
}

std::string_view to_string(Askable whom) {
    if (whom == Askable::backend) return "backend";
    return to_string(static_cast<Actor>(whom));
}

}  // namespace rondo
