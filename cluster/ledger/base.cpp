#include "cluster/ledger/base.hpp"

#include "messages/wire/consensus.hpp"
#include "messages/wire/execution.hpp"

namespace rondo {
namespace {

template <class Message>
bool has_base(ByteView payload) {
    const auto message = decode<Message>(payload);
    return message && message->base.has_value();
}

}  // namespace

bool begins_stream(Stream stream, ByteView payload) {
    return stream == Stream::blocks ? has_base<FinalBlock>(payload) : has_base<ExecutedBlock>(payload);
}

}  // namespace rondo
