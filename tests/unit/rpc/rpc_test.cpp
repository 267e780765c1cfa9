#include <gtest/gtest.h>

#include <chrono>
#include <functional>

#include "actors/intake/rpc/dispatch.hpp"
#include "actors/intake/rpc/rpc_error.hpp"
#include "actors/intake/rpc/server.hpp"
#include "actors/intake/rpc/shapes.hpp"
#include "cluster/runtime/limits.hpp"
#include "http_client.hpp"
#include "slow_execution.hpp"

namespace rondo::rpc {
namespace {

using test::HttpClient;
using test::HttpReply;

/// A server whose actors never answer: what it says without them, and how it fails without them.
class Rpc : public ::testing::Test {
  protected:
    Rpc() {
        config.port = 0;
        config.chain_id = 8453;
        config.client_version = "rondo/test";
        for (std::size_t i = 0; i < actor_count; ++i)
            config.node[static_cast<Actor>(i)] = {"inproc://nobody-" + std::to_string(i),
                                                  "inproc://nobody-pub-" + std::to_string(i)};
        config.limits.answer_timeout_ms = 50;
    }
    HttpClient connect(const std::string& from = "127.0.0.1") {
        if (!server) {
            server = std::make_unique<RpcServer>(config);
            EXPECT_EQ(server->start(), "");
        }
        return HttpClient(server->port(), from);
    }
    [[nodiscard]] std::uint64_t status(std::string_view name) const {
        for (const StatusField& field : server->status())
            if (field.name == name) return std::get<std::uint64_t>(field.value);
        ADD_FAILURE() << "no " << name;
        return 0;
    }
    /// The server has a thread of its own: until it has come so far.
    [[nodiscard]] bool eventually(std::string_view name, const std::function<bool(std::uint64_t)>& holds) const {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!holds(status(name)))
            if (std::chrono::steady_clock::now() > end) return false;
        return true;
    }
    static std::string announcing(std::size_t bytes) {
        return "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n";
    }
    static bool is_served(HttpClient& client) { return client.call("eth_chainId", Json::array())["result"] == "0x2105"; }
    static std::string batch(std::size_t count, const std::string& method) {
        return Json(std::vector<Json>(count, {{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}})).dump();
    }
    RpcConfig config;
    std::unique_ptr<RpcServer> server;
};

TEST_F(Rpc, TellsItsChainAsAQuantityAndAsADecimal) {
    auto client = connect();
    EXPECT_EQ(client.call("eth_chainId", Json::array())["result"], "0x2105");
    EXPECT_EQ(client.call("net_version", Json::array())["result"], "8453");
    EXPECT_EQ(client.call("web3_clientVersion", Json::array())["result"], "rondo/test");
}

TEST_F(Rpc, AnswersABatchInOrderAndLeavesNotificationsUnanswered) {
    auto client = connect();
    const auto reply = client.post(R"([{"jsonrpc":"2.0","id":7,"method":"eth_chainId"},
        {"jsonrpc":"2.0","method":"eth_chainId"},{"jsonrpc":"2.0","id":"b","method":"nope"}])");
    const Json out = Json::parse(reply.body);
    ASSERT_EQ(out.size(), 2U);
    EXPECT_EQ(out[0]["id"], 7);
    EXPECT_EQ(out[1]["id"], "b");
    EXPECT_EQ(out[1]["error"]["code"], code_method);
}

TEST_F(Rpc, RefusesWhatIsNoRequestWithTheCodeOfTheSpecification) {
    auto client = connect();
    const std::vector<std::pair<std::string, int>> table{
        {"{", code_parse},
        {"", code_parse},
        {"[]", code_request},
        {"7", code_request},
        {R"({"id":1})", code_request},
        {R"({"id":1,"method":"eth_chainId","params":{"a":1}})", code_request},
        {R"({"id":[],"method":"eth_chainId"})", code_request},
        {R"({"id":1,"method":"eth_getBalance","params":["0x12"]})", code_params},
        {R"({"id":1,"method":"eth_getBalance","params":["0x0000000000000000000000000000000000000001","0x01"]})", code_params},
        {R"({"id":1,"method":"eth_sendRawTransaction","params":["0x123"]})", code_params},
        {R"({"id":1,"method":"eth_feeHistory","params":["0x1","latest",[90,10]]})", code_params},
        {std::string(200, '[') + std::string(200, ']'), code_parse}};
    for (const auto& [body, code] : table) {
        const Json out = Json::parse(client.post(body).body, nullptr, false);
        ASSERT_FALSE(out.is_discarded()) << body;
        EXPECT_EQ(out["error"]["code"], code) << body;
    }
}

TEST_F(Rpc, SaysWhichActorDoesNotAnswerInsteadOfHanging) {
    auto client = connect();
    const Json out = client.call("eth_blockNumber", Json::array());
    EXPECT_EQ(out["error"]["message"], "execution does not answer");
    EXPECT_EQ(out["error"]["data"]["reason"], "unreachable");
}

TEST_F(Rpc, ClosesOnABodyOverTheLimitAndGoesOnServingOthers) {
    config.limits.body_bytes_max = 1000;
    auto greedy = connect();
    auto modest = connect();
    EXPECT_EQ(greedy.post(std::string(5000, ' ')).status, 413U);
    EXPECT_EQ(modest.call("eth_chainId", Json::array())["result"], "0x2105");
}

TEST_F(Rpc, TellsEvenAClientThatIsStillWritingThatItsBodyIsTooLarge) {
    config.limits.body_bytes_max = 1U << 20;
    auto greedy = connect();
    const HttpReply reply = greedy.post(std::string(6U << 20, ' '));
    EXPECT_EQ(reply.status, 413U);
    EXPECT_NE(reply.body.find("over 1048576 bytes"), std::string::npos);
}

TEST_F(Rpc, AnswersWhatIsNoHttpAndAHeaderOverTheLimitByTheirStatus) {
    auto garbage = connect();
    EXPECT_EQ(garbage.raw("\x16\x03\x01 no request\r\n\r\n").status, 400U);
    auto negative = connect();
    EXPECT_EQ(negative.raw("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n").status, 400U);
    auto wide = connect();
    EXPECT_EQ(wide.raw("POST / HTTP/1.1\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n").status, 431U);
    EXPECT_EQ(connect().call("eth_chainId", Json::array())["result"], "0x2105");
}

TEST_F(Rpc, RefusesABatchOverTheLimitWhole) {
    config.limits.batch_length_max = 2;
    auto client = connect();
    const Json one{{"jsonrpc", "2.0"}, {"id", 1}, {"method", "eth_chainId"}};
    const Json out = Json::parse(client.post(Json::array({one, one, one}).dump()).body);
    EXPECT_EQ(out["error"]["message"], "batch too large: at most 2 requests");
}

TEST_F(Rpc, DropsAConnectionBeyondThoseOneAddressMayHold) {
    config.limits.connections_per_address_max = 1;
    auto first = connect();
    EXPECT_EQ(first.call("eth_chainId", Json::array())["result"], "0x2105");
    auto second = connect();
    EXPECT_EQ(second.post("{}").status, 0U);
    EXPECT_EQ(first.call("eth_chainId", Json::array())["result"], "0x2105");
}

TEST_F(Rpc, SlowsDownAnAddressThatAsksTooOften) {
    config.limits.requests_per_second_per_address = 1;  // a bucket of two
    auto client = connect();
    const std::string body = R"({"jsonrpc":"2.0","id":1,"method":"eth_chainId"})";
    std::array<unsigned, 20> statuses{};
    for (unsigned& status : statuses) status = client.post(body).status;
    EXPECT_EQ(statuses.front(), 200U);
    EXPECT_NE(std::find(statuses.begin(), statuses.end(), 429U), statuses.end());
}

TEST_F(Rpc, LetsGoOfACallerThatNeverEndsItsHeader) {
    config.limits.header_timeout_ms = 50;
    auto slow = connect();
    EXPECT_EQ(slow.raw("POST / HTTP/1.1\r\nHost: local").status, 0U);  // returns when the server closes
    auto other = connect();
    EXPECT_EQ(other.call("eth_chainId", Json::array())["result"], "0x2105");
}

TEST_F(Rpc, LetsGoOfACallerThatSaysNothing) {
    config.limits.header_timeout_ms = 50;
    auto silent = connect();
    EXPECT_EQ(silent.raw("").status, 0U);
    EXPECT_TRUE(eventually("rpc_silent", [](std::uint64_t n) { return n == 1; }));
    EXPECT_TRUE(eventually("rpc_connections", [](std::uint64_t n) { return n == 0; }));
}

TEST_F(Rpc, LetsGoOfACallerWhoseBodyDoesNotComeAlsoAfterAGoodRequest) {
    config.limits.header_timeout_ms = 50;
    auto slow = connect();
    ASSERT_TRUE(is_served(slow));
    EXPECT_EQ(slow.raw(announcing(1000) + "{").status, 0U);
    EXPECT_TRUE(eventually("rpc_too_slow", [](std::uint64_t n) { return n == 1; }));
    EXPECT_TRUE(eventually("rpc_memory_bytes", [](std::uint64_t n) { return n == 0; }));
}

TEST_F(Rpc, LetsGoOfACallerThatDoesNotReadItsAnswerAndServesTheOthers) {
    config.client_version = std::string(20'000, 'v');
    config.limits.idle_timeout_ms = 300;
    auto deaf = connect("127.0.0.2");
    const std::string body = batch(800, "web3_clientVersion");  // 16 MB: more than the kernel takes
    deaf.say(announcing(body.size()) + body);
    EXPECT_TRUE(eventually("rpc_memory_bytes", [](std::uint64_t n) { return n > 15'000'000; }));
    auto other = connect();
    EXPECT_TRUE(is_served(other));
    EXPECT_TRUE(eventually("rpc_too_slow", [](std::uint64_t n) { return n == 1; }));
    EXPECT_TRUE(eventually("rpc_memory_bytes", [](std::uint64_t n) { return n == 0; }));
}

TEST_F(Rpc, LeavesConnectionsToOtherAddressesBesideOneThatConnectsWithoutEnd) {
    config.limits.connections_max = 8;
    std::vector<HttpClient> hostile;
    for (int i = 0; i < 20; ++i) hostile.push_back(connect("127.0.0.2"));
    EXPECT_TRUE(eventually("rpc_connections_refused", [](std::uint64_t n) { return n == 16; })) << "half may be one's";
    EXPECT_EQ(status("rpc_connections"), 4U);
    auto honest = connect();
    EXPECT_TRUE(is_served(honest));
}

TEST_F(Rpc, LeavesMemoryToOtherAddressesBesideOneWhoseBodiesDoNotCome) {
    config.limits.memory_bytes_max = 1U << 20;
    auto first = connect("127.0.0.2"), second = connect("127.0.0.2");
    first.say(announcing(10'000));
    ASSERT_TRUE(eventually("rpc_memory_bytes", [](std::uint64_t n) { return n == 34 * 10'000; }));
    EXPECT_EQ(second.raw(announcing(10'000)).status, 503U);
    EXPECT_EQ(connect("127.0.0.2").raw("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").status, 503U) << "of any length";
    auto honest = connect();
    EXPECT_TRUE(is_served(honest));
    EXPECT_EQ(status("rpc_requests_refused"), 2U);
}

/// Blocks with their transactions, of an execution that answers when it is told to.
class LargeBlocks : public Rpc {
  protected:
    LargeBlocks() {
        config.node[Actor::execution].router = execution.endpoint();
        config.limits.answer_timeout_ms = 60'000;
    }
    HttpClient asking(const std::string& from) {
        auto client = connect(from);
        const std::string body = R"({"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["0x1",true]})";
        client.say(announcing(body.size()) + body);
        return client;
    }
    static Json answer_of(HttpClient& client) { return Json::parse(client.raw("").body, nullptr, false); }
    static constexpr std::uint64_t each = 4 * rondo::limits::request_bytes_max;

    test::SlowExecution execution;
};

TEST_F(LargeBlocks, TakeMemoryOfTheirCallerBeforeExecutionIsAsked) {
    config.limits.memory_bytes_max = 9 * each;
    std::vector<HttpClient> hostile;
    for (int i = 0; i < 10; ++i) hostile.push_back(asking("127.0.0.2"));
    ASSERT_TRUE(eventually("rpc_requests_refused", [](std::uint64_t n) { return n == 6; })) << "no more than half is one's";
    EXPECT_GE(status("rpc_memory_bytes"), 4 * each);
    auto honest = asking("127.0.0.1");
    EXPECT_TRUE(eventually("rpc_memory_bytes", [](std::uint64_t n) { return n >= 5 * each; }));
    execution.answer_always();
    EXPECT_EQ(answer_of(honest)["result"]["number"], "0x1");
    int refused = 0;
    for (HttpClient& client : hostile) {
        const Json answer = answer_of(client);
        if (answer.contains("error")) {
            EXPECT_EQ(answer["error"]["code"], code_limit);
            ++refused;
        } else {
            EXPECT_EQ(answer["result"]["number"], "0x1");
        }
    }
    EXPECT_EQ(refused, 6);
    EXPECT_TRUE(eventually("rpc_memory_bytes", [](std::uint64_t n) { return n == 0; }));
}

TEST_F(LargeBlocks, AreAskedForOneAfterTheOther) {
    std::vector<HttpClient> clients;
    for (int i = 0; i < 3; ++i) clients.push_back(asking("127.0.0.2"));
    ASSERT_TRUE(eventually("rpc_memory_bytes", [](std::uint64_t n) { return n >= 3 * each; })) << "all wait";
    for (std::size_t answered = 0; answered < 3; ++answered) {
        ASSERT_TRUE(execution.await_question());
        auto beside = connect();
        EXPECT_EQ(beside.call("eth_blockNumber", Json::array())["result"], "0x1") << "nobody else waits for them";
        EXPECT_EQ(execution.asked(), answered + 1);
        execution.answer_one();
        ASSERT_TRUE(eventually("rpc_memory_bytes", [&](std::uint64_t n) { return n < (3 - answered) * each; }));
    }
    for (HttpClient& client : clients) EXPECT_EQ(answer_of(client)["result"]["number"], "0x1");
    EXPECT_EQ(execution.open_max(), 1U);
}

TEST_F(LargeBlocks, DoNotKeepTheServerFromStopping) {
    auto first = asking("127.0.0.2"), second = asking("127.0.0.2");
    ASSERT_TRUE(execution.await_question());
    ASSERT_TRUE(eventually("rpc_memory_bytes", [](std::uint64_t n) { return n >= 2 * each; }));
    server.reset();
    EXPECT_EQ(first.raw("").status, 0U);
    EXPECT_EQ(second.raw("").status, 0U);
}

TEST_F(Rpc, RefusesWhatFollowsInABatchWhoseAnswerIsLarge) {
    config.client_version = std::string(600, 'v');
    config.limits.batch_answer_bytes_max = 1000;
    auto client = connect();
    const Json out = Json::parse(client.post(batch(4, "web3_clientVersion")).body);
    ASSERT_EQ(out.size(), 4U);
    EXPECT_TRUE(out[1].contains("result"));
    EXPECT_EQ(out[2]["error"]["code"], code_limit);
    EXPECT_EQ(out[3]["error"]["code"], code_limit);
    EXPECT_EQ(out[3]["id"], 1);
}

TEST_F(Rpc, ParsesNothingOfMoreValuesThanItMayHold) {
    config.limits.json_values_max = 100;
    auto client = connect();
    const Json out = Json::parse(client.post("[" + std::string(100, ',') + "]").body);
    EXPECT_EQ(out["error"]["message"], "parse error: more than 100 values");
}

TEST_F(Rpc, AnswersAnythingButPostWithAHint) {
    auto client = connect();
    EXPECT_EQ(client.get().status, 405U);
}

TEST_F(Rpc, SaysWhatToDoWhenThePortIsTaken) {
    auto client = connect();
    RpcConfig same = config;
    same.port = server->port();
    RpcServer second(same);
    const std::string fault = second.start();
    EXPECT_NE(fault.find(std::to_string(same.port)), std::string::npos) << fault;
    EXPECT_NE(fault.find("set another rpc.port"), std::string::npos) << fault;
}

TEST(RpcErrors, EveryRefusalHasWordsAKeyAndAHint) {
    for (int i = 1; is_valid(static_cast<ethereum::Refusal>(i)); ++i) {
        const RpcError error = error_of(static_cast<ethereum::Refusal>(i));
        EXPECT_FALSE(error.message.empty()) << i;
        EXPECT_FALSE(error.data["reason"].get<std::string>().empty()) << i;
        EXPECT_FALSE(error.data["hint"].get<std::string>().empty()) << i;
    }
}

TEST(RpcShapes, ABlockHasEveryFieldOfTheExecutionApis) {
    BlockReply block;
    block.height = Height(17);
    block.timestamp_ms = 1'700'000'000'123;
    const Json out = block_object(block, 1, false);
    for (const char* field :
         {"number",       "hash",      "parentHash", "sha3Uncles",   "miner",   "stateRoot",    "transactionsRoot",
          "receiptsRoot", "logsBloom", "difficulty", "gasLimit",     "gasUsed", "timestamp",    "extraData",
          "mixHash",      "nonce",     "size",       "transactions", "uncles",  "baseFeePerGas"})
        EXPECT_TRUE(out.contains(field)) << field;
    EXPECT_EQ(out["number"], "0x11");
    EXPECT_EQ(out["timestamp"], "0x6553f100");
}

TEST(RpcShapes, ATransactionReadsAsItWasSigned) {
    const auto key = crypto::AccountKey::from_secret(Bytes(32, 9));
    ASSERT_TRUE(key);
    ethereum::Transaction t;
    t.type = 2;
    t.chain_id = 8453;
    t.nonce = 3;
    t.max_fee = 100;
    t.max_priority_fee = 2;
    t.gas_limit = 21000;
    t.value = 255;
    PlacedTransaction placed;
    placed.raw = ethereum::sign_transaction(t, *key);
    placed.sender = key->address();
    placed.effective_gas_price = 9;
    const Json out = transaction_object(placed, 8453);
    EXPECT_EQ(out["nonce"], "0x3");
    EXPECT_EQ(out["value"], "0xff");
    EXPECT_EQ(out["gasPrice"], "0x9");
    EXPECT_EQ(out["maxFeePerGas"], "0x64");
    EXPECT_EQ(out["from"], to_hex_prefixed(key->address().view()));
}

TEST(RpcJson, NestingIsCountedOutsideStringsOnly) {
    EXPECT_EQ(shape_of(R"({"a":"[[[[[[\"[["})").depth, 1U);
    EXPECT_EQ(shape_of("[[[").depth, 3U);
    EXPECT_EQ(shape_of("[[]][[]]").depth, 2U);
    EXPECT_EQ(shape_of(R"([1,2,{"a":",,,,"}])").values, 5U) << "never fewer than there are";
}

}  // namespace
}  // namespace rondo::rpc
