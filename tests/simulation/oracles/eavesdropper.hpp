#pragma once
#include <unordered_set>
#include <vector>

#include "messages/wire/consensus.hpp"
#include "messages/wire/requests.hpp"
#include "tests/simulation/oracles/members.hpp"
#include "tests/simulation/world/observer.hpp"

namespace rondo::sim {

/// Is told every signed statement that leaves an actor, whoever says it, once its signature was checked. What does not
/// decode or verify is left out: it is nobody's statement.
class Listener {
  public:
    virtual ~Listener() = default;
    virtual void on_body(Epoch /*epoch*/, View /*view*/, SignerIndex /*leader*/, const Digest& /*digest*/) {
    }  ///< proposal or tail
    virtual void on_proposal(const Proposal& /*proposal*/, const Digest& /*digest*/) {}
    virtual void on_vote(const Vote& /*vote*/) {}
    virtual void on_certificate(const Certificate& /*certificate*/) {}  ///< quorum and all signatures checked
    virtual void on_header(const BatchHeader& /*header*/, const Digest& /*digest*/) {}
    virtual void on_ack(const Ack& /*ack*/) {}
    virtual void on_receipt(const Receipt& /*receipt*/) {}
    virtual void on_batch(const BatchRecord& /*batch*/, const Digest& /*digest*/) {}
};

/// Takes apart what is sent, published and replied, down to the signatures inside certificates and blocks.
class Eavesdropper : public Observer {
  public:
    explicit Eavesdropper(const Members& members) : members_(members) {}
    void add(Listener& listener) { listeners_.push_back(&listener); }

    void on_send(NodeIndex node, const Send& message) override;
    void on_publish(NodeIndex node, Stream stream, std::uint64_t sequence, ByteView payload, bool again) override;
    void on_reply(NodeIndex node, Actor from, ByteView payload) override;

  private:
    void hear(const Proposal& proposal);
    void hear(const Tail& tail);
    void hear(const Vote& vote);
    void hear(const Certificate& certificate);
    void hear(const BatchHeader& header);
    void hear(const Ack& ack);
    void hear(const PoA& poa);
    void hear(const Receipt& receipt);
    void hear(const BatchRecord& batch);
    void hear(const FinalBlocks& blocks);
    void hear(const PoAs& poas);
    void hear(const BatchOffer& offer);
    void hear(const BatchFound& found) { hear(found.batch); }
    void hear(const ForwardReply& reply);
    void hear(const Status& status);
    void hear(const LaneStatus& status);
    template <class T>
    void hear(const T&) {}  ///< unsigned requests

    [[nodiscard]] bool is_new(ByteView bytes);
    template <class F>
    void tell(F&& f) {
        for (Listener* l : listeners_) f(*l);
    }

    const Members& members_;
    std::vector<Listener*> listeners_;
    std::unordered_set<std::string> heard_;  ///< most things are said many times
};

}  // namespace rondo::sim
