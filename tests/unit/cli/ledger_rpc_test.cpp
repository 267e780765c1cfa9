#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "cluster/cli/ledger.hpp"
#include "tests/unit/cli/canned_server.hpp"

namespace rondo::cli {
namespace {

using nlohmann::json;
using test::CannedServer;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// Answers by method: {"result": …} or {"error": …}; unknown methods get an error.
class LedgerByRpc : public ::testing::Test {
  protected:
    std::map<std::string, json> answers;
    std::map<std::string, json> asked;  ///< the parameters of the last question
    CannedServer server{[this](const std::string& body) -> CannedServer::Reply {
        const json question = json::parse(body);
        const std::string method = question["method"];
        asked[method] = question["params"];
        json reply = answers.contains(method) ? answers[method] : json{{"error", {{"message", "no such method"}}}};
        reply["jsonrpc"] = "2.0";
        reply["id"] = question["id"];
        return {200, reply.dump()};
    }};
    std::unique_ptr<Ledger> ledger = ledger_by_rpc(server.url());
    const Hash256 hash{};
};

TEST_F(LedgerByRpc, ReadsWhatATransactionNeeds) {
    answers["eth_chainId"] = {{"result", "0x1cbd"}};
    answers["eth_getTransactionCount"] = {{"result", "0x7"}};
    answers["eth_estimateGas"] = {{"result", "0x5208"}};
    answers["eth_getBlockByNumber"] = {{"result", {{"baseFeePerGas", "0x9"}}}};
    answers["rondo_status"] = {{"result", {{"epoch", 5}}}};
    EXPECT_EQ(ledger->chain_id().value(), 7357U);
    EXPECT_EQ(ledger->next_nonce(Address{}).value(), 7U);
    EXPECT_EQ(asked["eth_getTransactionCount"][1], "pending");
    EXPECT_EQ(ledger->estimate({Address{}, Address{}, Wei(16), {0xab}}).value(), 21000U);
    EXPECT_EQ(asked["eth_estimateGas"][0]["value"], "0x10");
    EXPECT_EQ(asked["eth_estimateGas"][0]["data"], "0xab");
    EXPECT_EQ(ledger->base_fee().value(), 9);
    EXPECT_EQ(ledger->epoch().value(), Epoch(5));
}

TEST_F(LedgerByRpc, PassesOnWhyTheNodeRefuses) {
    answers["eth_call"] = {{"error", {{"code", 3}, {"message", "execution reverted: not the owner"}, {"data", "0x08c379a0"}}}};
    answers["eth_sendRawTransaction"] = {
        {"error", {{"message", "insufficient funds for gas * price + value"}, {"data", {{"hint", "fund the account"}}}}}};
    const auto called = ledger->call({Address{}, Address{}, 0, {}});
    ASSERT_FALSE(called);
    EXPECT_THAT(called.error().message, HasSubstr("not the owner"));
    const auto sent = ledger->submit({1, 2, 3});
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().code, exit_no);
    EXPECT_THAT(sent.error().message, AllOf(HasSubstr("insufficient funds"), HasSubstr("fund the account")));
    EXPECT_EQ(asked["eth_sendRawTransaction"][0], "0x010203");
}

TEST_F(LedgerByRpc, TellsSuccessFailureAndWhatWasOrderedWithoutEffect) {
    answers["eth_getTransactionReceipt"] = {{"result", nullptr}};
    answers["rondo_trace"] = {{"result", {{"stages", {{{"stage", "accepted"}, {"height", nullptr}}}}, {"stopped", nullptr}}}};
    EXPECT_FALSE(ledger->ending_of(hash)) << "on its way";
    answers["rondo_trace"]["result"]["stopped"] = "held: a lower nonce of this sender is missing";
    EXPECT_FALSE(ledger->ending_of(hash)) << "it may still be ordered";
    answers["rondo_trace"]["result"]["stages"].push_back({{"stage", "final"}, {"height", 12}});
    answers["rondo_trace"]["result"]["stopped"] = "ordered without effect: nonce too low";
    const auto skipped = ledger->ending_of(hash);
    ASSERT_TRUE(skipped);
    EXPECT_FALSE(skipped->had_effect);
    EXPECT_EQ(skipped->height, Height(12));
    EXPECT_THAT(skipped->skipped_because, HasSubstr("nonce too low"));
    for (const bool succeeded : {true, false}) {
        answers["eth_getTransactionReceipt"] = {{"result", {{"blockNumber", "0xd"}, {"status", succeeded ? "0x1" : "0x0"}}}};
        const auto ended = ledger->ending_of(hash);
        ASSERT_TRUE(ended);
        EXPECT_TRUE(ended->had_effect);
        EXPECT_EQ(ended->succeeded, succeeded);
        EXPECT_EQ(ended->height, Height(13));
    }
}

TEST_F(LedgerByRpc, TakesNoNonsenseForAnAnswer) {
    for (const json& odd : {json(7), json("0x"), json("0x01"), json("7"), json(nullptr), json("0x1ffffffffffffffff")}) {
        answers["eth_chainId"] = {{"result", odd}};
        const auto chain_id = ledger->chain_id();
        ASSERT_FALSE(chain_id) << odd;
        EXPECT_THAT(chain_id.error().message, HasSubstr("makes no sense"));
    }
    answers["eth_getTransactionReceipt"] = {{"result", nullptr}};
    for (const json& odd : {json(7), json::array(), json{{"stages", 3}}, json{{"stages", {1, "x", nullptr}}}}) {
        answers["rondo_trace"] = {{"result", odd}};
        EXPECT_FALSE(ledger->ending_of(hash)) << odd;
    }
}

TEST(LedgerByRpcOf, WhoDoesNotSpeakItIsUnreachable) {
    for (const CannedServer::Reply& reply : {CannedServer::Reply{404, "{}"}, {200, "not JSON"}, {200, "[]"}, {200, "{}"}}) {
        const CannedServer server([&](const std::string&) { return reply; });
        const auto chain_id = ledger_by_rpc(server.url())->chain_id();
        ASSERT_FALSE(chain_id) << reply.body;
        EXPECT_EQ(chain_id.error().code, exit_unreachable) << reply.body;
    }
    EXPECT_EQ(ledger_by_rpc("file:///etc/passwd")->chain_id().error().code, exit_unreachable);
}

TEST(LedgerByRpcOf, AnEndlessAnswerIsCutOff) {
    const CannedServer server([](const std::string&) { return CannedServer::Reply{200, std::string(20U << 20, ' ')}; });
    const auto chain_id = ledger_by_rpc(server.url())->chain_id();
    ASSERT_FALSE(chain_id);
    EXPECT_EQ(chain_id.error().code, exit_unreachable);
}

}  // namespace
}  // namespace rondo::cli
