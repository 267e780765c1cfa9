#include <exception>
#include <iostream>

#include "cluster/bus/client.hpp"
#include "cluster/bus/peer_bus.hpp"
#include "cluster/config/loader.hpp"
#include "messages/crypto/secp256k1.hpp"
#include "messages/ethereum/transaction.hpp"
#include "messages/wire/batch.hpp"
#include "messages/wire/consensus.hpp"
#include "messages/wire/requests.hpp"

/// An operator that signs two things for one place: what the watchers are for. It has the operator's own keys and speaks to the
/// other nodes as its actors do. Prints the epoch in which it did.
///
///   rondo-double-signer votes   NODE_FOLDER FOLDER_OF_A_NODE_TO_ASK
///     two votes in one view; one goes to the first peer, the other to the rest: no node is told both
///   rondo-double-signer headers NODE_FOLDER FOLDER_OF_A_NODE_TO_ASK
///     two first batches of its lane in this epoch; the first peer is told of one only
namespace {

using namespace rondo;

constexpr std::uint64_t views_ahead = 3;  ///< far enough to arrive in time, near enough to be counted
constexpr DurationMs pause_ms = 50;
constexpr int tries_max = 1200;
constexpr int rounds = 3;

/// Where the network is, once it is in the first half of an epoch: what is signed must belong to the same one on arrival.
std::optional<HeadReply> await_early_head(const std::string& consensus_router, std::uint64_t epoch_blocks) {
    Client client(consensus_router);
    for (int i = 0; i < tries_max; ++i) {
        const auto payload = client.ask(encode(ConsensusRequest(GetHead{})), 1000);
        const auto reply = payload ? decode<ConsensusReply>(*payload) : tl::unexpected(codec::DecodeError::truncated);
        const auto* head = reply ? std::get_if<HeadReply>(&*reply) : nullptr;
        if (head == nullptr) continue;
        const std::uint64_t into = head->final_height.value % epoch_blocks;
        if (into >= 3 && into <= epoch_blocks / 2) return *head;
        bus::wait_readable({}, {}, pause_ms);
    }
    return std::nullopt;
}

template <class Message>
Message signed_by(const LoadedActor& me, Kind kind, Message message) {
    message.signature = me.signing_keys.front().sign(signing_bytes(me.shell.genesis, message.epoch, kind, encode_body(message)));
    return message;
}

Bytes vote(const LoadedActor& me, const HeadReply& head, std::uint8_t choice) {
    Vote out;
    out.epoch = head.epoch;
    out.view = head.view.plus(views_ahead);
    out.digest.bytes.fill(choice);
    out.signer = *genesis_context(me.genesis, Epoch(1)).index_of(me.shell.self);
    return encode(ConsensusMessage(signed_by(me, kind_of(out.vote), out)));
}

/// Where the lane stood at the end of the epoch before: others use it too, and evidence may have come by it.
std::optional<CutEntry> base_of_lane(const std::string& consensus_router, LaneId lane, const HeadReply& head) {
    Client client(consensus_router);
    CutEntry base{lane, LaneHeight(0), {}};
    for (Height at; at < head.final_height;) {
        const auto payload = client.ask(encode(ConsensusRequest(GetFinalBlocks{at.next(), head.final_height})), 1000);
        const auto reply = payload ? decode<ConsensusReply>(*payload) : tl::unexpected(codec::DecodeError::truncated);
        const auto* found = reply ? std::get_if<FinalBlocksReply>(&*reply) : nullptr;
        if (found == nullptr || found->blocks.empty()) return std::nullopt;
        for (const FinalBlock& block : found->blocks) {
            if (block.block.epoch == head.epoch) return base;
            for (const CutEntry& tip : block.block.cut_delta)
                if (tip.lane == lane) base = tip;
        }
        at = found->blocks.back().block.height;
    }
    return base;
}

Bytes first_batch(const LoadedActor& me, const HeadReply& head, const CutEntry& base) {
    const auto key = crypto::AccountKey::generate();
    ethereum::Transaction t;
    t.type = 2;
    t.chain_id = me.genesis.chain_id;
    t.max_priority_fee = t.max_fee = 1'000'000'000;
    t.gas_limit = ethereum::intrinsic_gas({}, {});
    const Payload payload{{{key.address(), ethereum::sign_transaction(t, key)}}};
    const Bytes encoded = encode(payload);
    const auto bytes = static_cast<std::uint32_t>(encoded.size());
    const BatchHeader header{head.epoch, me.shell.self, base.height.next(), base.digest, payload_root(payload), bytes, 1, 1, {}};
    return encode(LaneMessage(BatchOffer{signed_by(me, Kind::batch_header, header), encoded, std::nullopt}));
}

/// As the genesis lists them.
std::vector<Peer> others_than(const LoadedActor& me) {
    std::vector<Peer> out;
    for (const OperatorInfo& o : genesis_context(me.genesis, Epoch(1)).operators)
        if (o.number != me.shell.self) out.push_back({o.number, {o.transport_key}, o.endpoints});
    return out;
}

/// False if the peer could not be reached in time.
bool deliver(bus::PeerBus& peers, Channel channel, OperatorNumber to, const Bytes& payload) {
    for (int i = 0; i < tries_max; ++i) {
        if (peers.send(channel, to, payload)) return true;
        bus::wait_readable(peers.sockets(), {}, pause_ms);
        peers.admit();
    }
    return false;
}

int explain(const std::string& what) {
    std::cerr << "rondo-double-signer: " << what << "\n";
    return 1;
}

int sign_twice(int argc, char** argv) {
    const bool votes = argc == 4 && std::string(argv[1]) == "votes";
    if (argc != 4 || (!votes && std::string(argv[1]) != "headers")) return explain("votes|headers and the folders of two nodes");
    const std::string file = votes ? "/consensus.toml" : "/intake.toml";
    const Channel channel = votes ? Channel::votes : Channel::lanes;
    const auto me = load_actor(votes ? Actor::consensus : Actor::intake, argv[2] + file);
    const auto other = read_actor_file(argv[3] + file);
    if (!me || !other) return explain(me ? other.error().message : me.error().message);
    bus::Context context;
    // It listens nowhere: the operator's own ports are its actors'.
    auto peers =
        bus::PeerBus::open(context, {{channel}, {}, me->shell.transport_secret, me->shell.transport_public, me->shell.genesis});
    if (!peers) return explain(peers.error());
    const std::vector<Peer> others = others_than(*me);
    for (const std::string& trouble : peers->set_peers(others)) return explain(trouble);
    const auto head = await_early_head(other->node.at(Actor::consensus).router, me->genesis.parameters.epoch_blocks);
    if (!head) return explain("the network does not answer, or does not move");
    const auto base = base_of_lane(other->node.at(Actor::consensus).router, me->shell.self, *head);
    if (!base) return explain("the final blocks cannot be had");
    const Bytes one = votes ? vote(*me, *head, 1) : first_batch(*me, *head, *base);
    const Bytes two = votes ? vote(*me, *head, 2) : first_batch(*me, *head, *base);
    // Said again as every actor does: a peer may not have begun the epoch yet. Sockets do not linger, so the last one waits too.
    for (int round = 0; round < rounds; ++round) {
        for (std::size_t i = 0; i < others.size(); ++i) {
            const OperatorNumber to = others[i].number;
            const bool done = (i > 0 && votes) || deliver(*peers, channel, to, one);
            if (!done || (i > 0 && !deliver(*peers, channel, to, two))) return explain("a peer cannot be reached");
        }
        for (int i = 0; i < 6; ++i) bus::wait_readable({}, {}, pause_ms);
    }
    std::cout << head->epoch.value << "\n";
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return sign_twice(argc, argv);
    } catch (const std::exception& error) {
        return explain(error.what());
    }
}
