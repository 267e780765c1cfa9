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
    explicit Flood(Cluster& cluster, ClientId client = 0, std::size_t home = 0)
        : cluster_(cluster), client_(client), user_(cluster.user_at(home, Wei(1) << 100)) {}

    /// How many of so many more are accepted.
    std::size_t send(std::size_t count) {
        std::vector<Bytes> raws;
        for (std::size_t i = 0; i < count; ++i) raws.push_back(make_tx(user_, {.nonce = nonce_ + i}));
        std::size_t accepted = 0;
        for (const SubmitOutcome& o : cluster_.submit(0, std::move(raws), client_))
            accepted += o.admission == Admission::accepted;
        nonce_ += accepted;
        return accepted;
    }
    Bytes next() { return make_tx(user_, {.nonce = nonce_}); }

  private:
    Cluster& cluster_;
    ClientId client_;
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

constexpr ClientId flooding = 5, honest = 9;

TEST(Overload, IsBusyToWhoFloodsAndNotToWhoHasLittle) {
    Cluster cluster(1);
    Flood flood(cluster, flooding), other(cluster, honest);
    EXPECT_EQ(flood.send(backlog_transactions_min), backlog_transactions_min);
    for (int time = 0; time < 10; ++time) {
        EXPECT_EQ(flood.send(backlog_transactions_min), 0U);
        EXPECT_EQ(other.send(10), 10U);
    }
    EXPECT_EQ(cluster.at(0).status("open_parties"), 2U);
    cluster.finalize();
    EXPECT_EQ(cluster.at(0).status("open_parties"), 0U) << "who has nothing open is not remembered";
    EXPECT_EQ(cluster.at(0).status("open_bytes"), 0U);
}

TEST(Overload, IsSharedEquallyByThoseWhoWantMoreThanThereIs) {
    Cluster cluster(1);
    std::vector<Flood> floods;
    for (ClientId client = 1; client <= 3; ++client) floods.emplace_back(cluster, client);
    std::vector<std::size_t> accepted(floods.size());
    for (int round = 0; round < 16; ++round)
        for (std::size_t i = 0; i < floods.size(); ++i) accepted[i] += floods[i].send(256);
    // 2 C of room, of which each has a quarter and a quarter is left: to one chunk.
    for (const std::size_t share : accepted) EXPECT_NEAR(static_cast<double>(share), backlog_transactions_min / 2.0, 256);
    Flood late(cluster, 4);
    EXPECT_EQ(late.send(256), 256U);
    EXPECT_LT(cluster.at(0).status("promised_transactions"), 2 * backlog_transactions_min);
}

TEST(Overload, DelaysWhoComesBesideAFloodByAFewRecoveriesOnly) {
    Cluster cluster(1);
    const User flooder = cluster.user_at(0, Wei(1) << 100), other = cluster.user_at(0);
    std::vector<Bytes> raws;
    for (std::size_t i = 0; i < backlog_transactions_min; ++i) raws.push_back(make_tx(flooder, {.nonce = i}));
    (void)cluster.post(0, SubmitRequest{std::move(raws)}, flooding);
    const Bytes one = make_tx(other, {});
    (void)cluster.post(0, SubmitRequest{{one}}, honest);
    cluster.run();
    const std::vector<Receipt> receipts = cluster.at(0).receipts();
    ASSERT_EQ(receipts.size(), backlog_transactions_min + 1);
    const auto hash = ethereum::decode_any(one)->transaction.hash;
    const auto at = std::ranges::find(receipts, hash, &Receipt::tx_hash) - receipts.begin();
    const auto under_way = intake::recovery_jobs_max * intake::recovery_job_transactions_max;
    EXPECT_LE(static_cast<std::size_t>(at), under_way + intake::recovery_job_transactions_max);
}

TEST(Overload, OfAHomeLaneByOneClientIsNoneForTheOthersOfItsIntake) {
    Cluster cluster(4);
    Flood flood(cluster, flooding, 1);
    EXPECT_EQ(flood.send(backlog_transactions_min), backlog_transactions_min);
    EXPECT_EQ(cluster.at(1).status("promised_transactions"), backlog_transactions_min) << "all that node 0 may have there";
    const User user = cluster.user_at(1);
    const SubmitOutcome outcome = cluster.submit_one(0, make_tx(user, {}), honest);
    ASSERT_EQ(outcome.admission, Admission::accepted);
    EXPECT_EQ(outcome.receipt->lane, cluster.at(0).number);
    EXPECT_EQ(cluster.submit_one(1, make_tx(cluster.user_at(1), {}), honest).receipt->lane, cluster.at(1).number);
    EXPECT_EQ(cluster.submit_one(2, make_tx(cluster.user_at(1), {}), honest).receipt->lane, cluster.at(1).number);
    cluster.finalize();
    EXPECT_EQ(cluster.ledger[user.address()].nonce, 1U);
}

TEST(Overload, OfBytesIsSharedToo) {
    Cluster cluster(1);
    const std::size_t large = 120 * 1024;
    const User flooder = cluster.user_at(0, Wei(1) << 100);
    std::size_t accepted = 0, nonce = 0, fresh = 1;
    while (fresh > 0) {
        std::vector<Bytes> raws;
        for (std::size_t i = 0; i < 64; ++i) raws.push_back(make_tx(flooder, {.nonce = nonce + i, .data = large}));
        fresh = 0;
        for (const SubmitOutcome& o : cluster.submit(0, std::move(raws), flooding)) fresh += o.admission == Admission::accepted;
        accepted += fresh;
        nonce += fresh;
    }
    EXPECT_LE(accepted * large, intake::open_bytes_max / 2);
    EXPECT_GT((accepted + 2) * large, intake::open_bytes_max / 2);
    EXPECT_EQ(cluster.submit_one(0, make_tx(cluster.user_at(0, Wei(1) << 100), {.data = large}), honest).admission,
              Admission::accepted);
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
