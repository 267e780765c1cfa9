#include <gtest/gtest.h>

#include "actors/intake/core/limits.hpp"
#include "messages/ethereum/abi.hpp"
#include "messages/ethereum/transaction.hpp"
#include "messages/wire/modules.hpp"
#include "tests/unit/intake/harness.hpp"

/// More comes than execution passes.
namespace rondo::test {
namespace {

using intake::backlog_transactions_min;

class Flood {
  public:
    explicit Flood(Cluster& cluster) : cluster_(cluster), user_(cluster.user_at(0, Wei(1) << 100)) {}

    /// How many of so many more are accepted.
    std::size_t send(std::size_t count) {
        std::vector<Bytes> raws;
        for (std::size_t i = 0; i < count; ++i) raws.push_back(make_tx(user_, {.nonce = nonce_ + i}));
        std::size_t accepted = 0;
        for (const SubmitOutcome& o : cluster_.submit(0, std::move(raws))) accepted += o.admission == Admission::accepted;
        nonce_ += accepted;
        return accepted;
    }
    Bytes next() { return make_tx(user_, {.nonce = nonce_}); }

  private:
    Cluster& cluster_;
    User user_;
    std::uint64_t nonce_ = 0;
};

TEST(Overload, TakesABacklogAndThenSaysBusyBeforeAnySenderIsRecovered) {
    Cluster cluster(1);
    Flood flood(cluster);
    EXPECT_EQ(flood.send(backlog_transactions_min), backlog_transactions_min);
    const std::size_t recovered = cluster.at(0).recovered;
    EXPECT_EQ(flood.send(100), 0U);
    EXPECT_EQ(cluster.at(0).recovered, recovered);
    EXPECT_EQ(cluster.at(0).status("busy_count"), 100U);
    EXPECT_EQ(cluster.at(0).status("refused_count"), 0U);
    cluster.finalize();
    EXPECT_EQ(flood.send(100), 100U);
}

TEST(Overload, CountsWhatIsNotRecoveredYet) {
    Cluster cluster(1);
    Flood flood(cluster);
    cluster.hold_jobs = true;
    std::vector<Bytes> raws(backlog_transactions_min, flood.next());
    (void)cluster.post(0, SubmitRequest{raws});
    cluster.run();
    const RequestId second = cluster.post(0, SubmitRequest{{flood.next()}});
    cluster.run();
    const auto reply = cluster.answer(0, second);
    ASSERT_TRUE(reply.has_value());
    EXPECT_EQ(std::get<SubmitReply>(*reply).outcomes.at(0).admission, Admission::busy);
    cluster.hold_jobs = false;
    cluster.release_jobs();
    cluster.run();
    EXPECT_EQ(cluster.at(0).status("open_submissions"), 0U);
    EXPECT_EQ(cluster.at(0).status("promised_transactions"), 1U) << "all were the same";
    cluster.finalize();
    EXPECT_EQ(cluster.submit_one(0, flood.next()).admission, Admission::refused) << "its nonce is used";
}

TEST(Overload, BearsAsMuchAsExecutionPassesInASecond) {
    Cluster cluster(1);
    Flood flood(cluster);
    for (int block = 0; block < 5; ++block) {
        ASSERT_EQ(flood.send(backlog_transactions_min), backlog_transactions_min);
        cluster.advance(intake::throughput_window_ms / 2);
        cluster.finalize();
    }
    const std::uint64_t pace = cluster.at(0).status("executed_per_second");
    EXPECT_GT(pace, 2 * backlog_transactions_min);
    EXPECT_LE(pace, 5 * backlog_transactions_min) << "four in a second";
    EXPECT_EQ(flood.send(backlog_transactions_min), backlog_transactions_min);
    EXPECT_EQ(flood.send(backlog_transactions_min), backlog_transactions_min);
    // Nothing passes for long: the pace is forgotten, and with it the patience.
    for (int block = 0; block < 12; ++block) {
        cluster.advance(intake::throughput_window_ms);
        cluster.finalize(block == 0);
    }
    cluster.execute_all();
    EXPECT_LT(cluster.at(0).status("executed_per_second"), pace);
}

TEST(Overload, LetsEvidenceAndAttestationsThroughOneAtATime) {
    Cluster cluster(1);
    Flood flood(cluster);
    const User watcher = cluster.user_at(0, Wei(1) << 100);
    const auto duty = [&](const Address& module, std::string_view function, std::uint64_t nonce) {
        ethereum::Transaction t;
        t.type = 2;
        t.chain_id = cluster.genesis().chain_id;
        t.nonce = nonce;
        t.max_fee = 100;
        t.gas_limit = 100'000;
        t.to = module;
        t.data = abi::Encoder().bytes({}).call(function);
        return ethereum::sign_transaction(t, watcher.key);
    };
    ASSERT_EQ(flood.send(backlog_transactions_min), backlog_transactions_min);
    const Bytes attestation = duty(modules::rewards, modules::attest, 1);
    const auto both = cluster.submit(0, {duty(modules::slashing, modules::submit_evidence, 0), attestation});
    EXPECT_EQ(both.at(0).admission, Admission::accepted);
    EXPECT_EQ(both.at(1).admission, Admission::busy) << "too soon";
    cluster.advance(intake::duty_interval_ms);
    EXPECT_EQ(cluster.submit_one(0, attestation).admission, Admission::accepted);
    cluster.advance(intake::duty_interval_ms);
    EXPECT_EQ(cluster.submit_one(0, duty(modules::slashing, modules::has_evidence, 2)).admission, Admission::busy) << "no duty";
}

}  // namespace
}  // namespace rondo::test
