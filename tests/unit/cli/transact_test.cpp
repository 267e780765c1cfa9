#include "cluster/cli/transact.hpp"

#include <gmock/gmock.h>

#include "messages/ethereum/transaction.hpp"

namespace rondo::cli {
namespace {

using ::testing::HasSubstr;

/// A ledger that keeps what it is sent, and ends it as the test says.
struct FakeLedger final : Ledger {
    std::string refusal;  ///< of an estimate
    bool takes = true;
    std::optional<Ending> ending = Ending{true, true, Height(9), ""};
    std::vector<Bytes> sent;

    Answered<std::uint64_t> chain_id() override { return 7357; }
    Answered<Bytes> call(const Call&) override { return Bytes{}; }
    Answered<std::uint64_t> estimate(const Call&) override {
        return refusal.empty() ? Answered<std::uint64_t>(40'000) : trouble(exit_no, refusal);
    }
    Answered<std::uint64_t> next_nonce(const Address&) override { return 3; }
    Answered<Wei> base_fee() override { return Wei(10); }
    Answered<Epoch> epoch() override { return Epoch(1); }
    Answered<void> submit(const Bytes& raw) override {
        if (!takes) return trouble(exit_unreachable, "nobody takes it");
        sent.push_back(raw);
        return {};
    }
    std::optional<Ending> ending_of(const Hash256&) override { return ending; }
};

struct Transacting : ::testing::Test {
    FakeLedger ledger;
    crypto::AccountKey sender = crypto::AccountKey::generate();
    Address module{};
    Answered<Transacted> run(std::uint64_t timeout_s = 10) {
        module.bytes[19] = 1;
        return transact(ledger, sender, {sender.address(), module, Wei(5), {1, 2}}, timeout_s);
    }
};

TEST_F(Transacting, SendsWhatItWasToldSignedByTheSender) {
    const auto done = run();
    ASSERT_TRUE(done) << done.error().message;
    ASSERT_EQ(ledger.sent.size(), 1U);
    const auto decoded = ethereum::decode_transaction(ledger.sent[0], 7357, 7);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(decoded->hash, done->hash);
    EXPECT_EQ(ethereum::recover_sender(*decoded), sender.address());
    EXPECT_EQ(decoded->to, module);
    EXPECT_EQ(decoded->value, 5);
    EXPECT_EQ(decoded->nonce, 3U);
    EXPECT_EQ(decoded->data, (Bytes{1, 2}));
    EXPECT_GT(decoded->gas_limit, 40'000U);
    EXPECT_GT(decoded->max_fee, 10);
    EXPECT_EQ(done->ending.height, Height(9));
}

TEST_F(Transacting, DoesNotSendWhatTheLedgerRefuses) {
    ledger.refusal = "the ledger refuses: not the owner";
    const auto done = run();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, exit_no);
    EXPECT_THAT(done.error().message, HasSubstr("not the owner"));
    EXPECT_TRUE(ledger.sent.empty());
}

TEST_F(Transacting, NamesTheSenderWhenNobodyTakesIt) {
    ledger.takes = false;
    const auto done = run();
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, exit_unreachable);
    EXPECT_THAT(done.error().message, HasSubstr(to_hex_prefixed(sender.address().view())));
}

TEST_F(Transacting, GivesUpWaitingInTime) {
    ledger.ending = std::nullopt;
    const auto done = run(0);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, exit_timed_out);
    EXPECT_EQ(ledger.sent.size(), 1U);
}

}  // namespace
}  // namespace rondo::cli
