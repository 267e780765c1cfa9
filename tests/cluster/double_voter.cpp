#include <algorithm>
#include <array>
#include <iostream>

#include "cluster/bus/client.hpp"
#include "cluster/bus/peer_bus.hpp"
#include "cluster/config/loader.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/requests.hpp"

/// An operator that votes for two blocks in one view: what the watchers are for. It has the operator's own keys and speaks to the
/// other nodes as its consensus actor does. One vote goes to the first peer, the other to all the rest, so that no node is told
/// both; prints the epoch and the view.
///
///   rondo-double-voter CONSENSUS_TOML_OF_THE_OFFENDER CONSENSUS_TOML_OF_A_NODE_TO_ASK
namespace {

using namespace rondo;

constexpr std::uint64_t views_ahead = 3;  ///< far enough to arrive in time, near enough to be counted
constexpr DurationMs pause_ms = 50;
constexpr int tries_max = 1200;

/// Where the network is, once it is in the first half of an epoch: the view that is voted in must belong to the same one.
std::optional<HeadReply> await_early_head(const std::string& consensus_router, std::uint64_t epoch_blocks) {
    Client client(consensus_router);
    for (int i = 0; i < tries_max; ++i) {
        const auto payload = client.ask(encode(ConsensusRequest(GetHead{})), 1000);
        const auto reply = payload ? decode<ConsensusReply>(*payload) : tl::unexpected(codec::DecodeError::truncated);
        const auto* head = reply ? std::get_if<HeadReply>(&*reply) : nullptr;
        if (head == nullptr) continue;
        const std::uint64_t into = head->final_height.value % epoch_blocks;
        if (into >= 2 && into <= epoch_blocks / 2) return *head;
        bus::wait_readable({}, {}, pause_ms);
    }
    return std::nullopt;
}

Bytes signed_vote(const LoadedActor& me, const HeadReply& head, std::uint8_t choice) {
    Vote vote;
    vote.epoch = head.epoch;
    vote.view = head.view.plus(views_ahead);
    vote.digest.bytes.fill(choice);
    vote.signer = *genesis_context(me.genesis, Epoch(1)).index_of(me.shell.self);
    vote.signature = me.signing_key->sign(signing_bytes(me.shell.genesis, vote.epoch, kind_of(vote.vote), encode_body(vote)));
    return encode(ConsensusMessage(vote));
}

bus::PeerOptions options_of(const ShellConfig& shell) {
    // The operator's own port is its consensus actor's: answers to this program go there.
    bus::PeerOptions options{
        {{Channel::votes, "tcp://127.0.0.1:*"}}, {}, shell.transport_secret, shell.transport_public, shell.genesis};
    for (const Peer& peer : shell.peers) options.peers.push_back({peer.number, peer.transport_key, peer.endpoints});
    return options;
}

/// False if the peer could not be reached in time.
bool deliver(bus::PeerBus& peers, OperatorNumber to, const Bytes& payload) {
    for (int i = 0; i < tries_max; ++i) {
        if (peers.send(Channel::votes, to, payload)) return true;
        bus::wait_readable(peers.sockets(), {}, pause_ms);
        peers.admit();
    }
    return false;
}

int explain(const std::string& what) {
    std::cerr << "rondo-double-voter: " << what << "\n";
    return 1;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) return explain("two configuration files of consensus actors are needed");
    const auto me = load_actor(Actor::consensus, argv[1]);
    const auto other = read_actor_file(argv[2]);
    if (!me || !other) return explain(me ? other.error().message : me.error().message);
    bus::Context context;
    auto peers = bus::PeerBus::open(context, options_of(me->shell));
    if (!peers) return explain(peers.error());
    const auto head = await_early_head(other->node.at(Actor::consensus).router, me->genesis.parameters.epoch_blocks);
    if (!head) return explain("the network does not answer, or does not move");
    const std::array<Bytes, 2> votes{signed_vote(*me, *head, 1), signed_vote(*me, *head, 2)};
    for (std::size_t i = 0; i < me->shell.peers.size(); ++i)
        if (!deliver(*peers, me->shell.peers[i].number, votes[std::min<std::size_t>(i, 1)]))
            return explain("a peer cannot be reached");
    // The sockets do not linger: what was handed over must have left before they close.
    for (int i = 0; i < 10; ++i) bus::wait_readable({}, {}, pause_ms);
    std::cout << head->epoch.value << " " << head->view.plus(views_ahead).value << "\n";
    return 0;
}
