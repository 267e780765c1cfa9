#include "actors/intake/rpc/dispatch.hpp"
#include "messages/base/require.hpp"

using namespace rondo;
using namespace rondo::rpc;

namespace {

RpcConfig config() {
    RpcConfig out;
    out.chain_id = 7357;
    out.client_version = "rondo/fuzz";
    out.limits.answer_timeout_ms = 0;  // nobody is there to answer
    for (const Actor actor : {Actor::intake, Actor::consensus, Actor::execution, Actor::da})
        out.node[actor] = {"ipc:///nonexistent/rondo/" + std::string(to_string(actor)), ""};
    return out;
}

/// A node whose actors never answer: what is under test is everything before they are asked.
struct Server {
    asio::io_context io{1};
    const RpcConfig settings = config();
    Actors actors{io, settings};
    Node node{actors, "127.0.0.1", [](std::uint64_t) { return true; }};

    std::string answer(std::string_view body) {
        std::optional<std::string> out;
        asio::co_spawn(io, dispatch(node, body), [&](const std::exception_ptr& thrown, std::string text) {
            require(thrown == nullptr, "a stranger's request threw");
            out = std::move(text);
        });
        while (!out) io.run_one();
        return *out;
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Server server;
    const std::string answer = server.answer(as_text({data, size}));
    require(answer.empty() || !Json::parse(answer, nullptr, false).is_discarded(), "an answer that is not JSON");
    return 0;
}
