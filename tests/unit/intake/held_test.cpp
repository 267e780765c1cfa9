#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "actors/intake/core/limits.hpp"
#include "actors/intake/core/tables.hpp"
#include "messages/crypto/hash.hpp"
#include "tests/unit/intake/harness.hpp"

namespace rondo::test {
namespace {

using ethereum::Refusal;

void expect_refused(const SubmitOutcome& outcome, Refusal reason) {
    EXPECT_EQ(outcome.admission, Admission::refused);
    EXPECT_EQ(outcome.reason, reason) << to_string(outcome.reason);
    EXPECT_TRUE(reason == Refusal::already_known || !outcome.receipt.has_value());
}

TEST(Held, AFutureNonceWaitsWithoutAPromiseAndIsPromisedWhenItsTurnComes) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    const SubmitOutcome future = cluster.submit_one(0, make_tx(user, {.nonce = 2}));
    EXPECT_EQ(future.admission, Admission::held);
    EXPECT_FALSE(future.receipt.has_value());
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 1})).admission, Admission::held);
    EXPECT_TRUE(cluster.at(0).receipts().empty());
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 0})).admission, Admission::accepted);
    EXPECT_EQ(cluster.at(0).receipts().size(), 3U);
    EXPECT_EQ(cluster.at(0).status("held_transactions"), 0U);
    cluster.finalize();
    EXPECT_EQ(cluster.ledger[user.address()].nonce, 3U);
}

TEST(Held, NoncesInReverseOrderInOneRequestAreAllPromised) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    const auto outcomes =
        cluster.submit(0, {make_tx(user, {.nonce = 2}), make_tx(user, {.nonce = 1}), make_tx(user, {.nonce = 0})});
    for (const SubmitOutcome& outcome : outcomes) {
        EXPECT_EQ(outcome.admission, Admission::accepted);
        EXPECT_TRUE(outcome.receipt.has_value());
    }
}

TEST(Held, ANonceThatAnotherLaneUsedUpReleasesWhatFollows) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 1})).admission, Admission::held);
    // Node 1 is not the user's home, but it takes the transaction itself when home does not answer.
    cluster.lose = [](OperatorNumber, OperatorNumber, const LaneMessage& m) { return std::holds_alternative<Forward>(m); };
    const RequestId id = cluster.post(1, SubmitRequest{{make_tx(user, {.nonce = 0})}});
    cluster.advance(intake::forward_deadline_ms + 1);
    ASSERT_TRUE(cluster.answer(1, id).has_value());
    EXPECT_TRUE(cluster.at(0).receipts().empty());
    cluster.finalize();
    EXPECT_EQ(cluster.at(0).receipts().size(), 1U);
}

TEST(Held, AnUncoveredTransactionBehindOthersWaitsForMoney) {
    Cluster cluster(1);
    const User user = cluster.user_at(0);
    const Bytes first = make_tx(user, {.nonce = 0, .value = 1000});
    const Bytes second = make_tx(user, {.nonce = 1, .value = 1000});
    cluster.ledger[user.address()].balance = cost_of(first) + cost_of(second) - 1;
    EXPECT_EQ(cluster.submit_one(0, first).admission, Admission::accepted);
    EXPECT_EQ(cluster.submit_one(0, second).admission, Admission::held);
    cluster.finalize();  // the first took less than it might have: the second is covered now
    EXPECT_EQ(cluster.at(0).receipts().size(), 2U);
}

TEST(Held, ReplacementNeedsTenPercentMoreOfBothFees) {
    Cluster cluster(1);
    const User user = cluster.user_at(0);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 1, .max_fee = 100, .tip = 10})).admission, Admission::held);
    const Bytes low_fee = make_tx(user, {.nonce = 1, .max_fee = 109, .tip = 11});
    const Bytes low_tip = make_tx(user, {.nonce = 1, .max_fee = 110, .tip = 10});
    expect_refused(cluster.submit_one(0, low_fee), Refusal::replacement_underpriced);
    expect_refused(cluster.submit_one(0, low_tip), Refusal::replacement_underpriced);
    const Bytes better = make_tx(user, {.nonce = 1, .max_fee = 110, .tip = 11});
    EXPECT_EQ(cluster.submit_one(0, better).admission, Admission::held);
    EXPECT_EQ(cluster.at(0).status("held_transactions"), 1U);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 0})).admission, Admission::accepted);
    cluster.finalize();
    EXPECT_TRUE(cluster.executed.contains(crypto::keccak256(better)));
}

TEST(Held, APromisedTransactionIsNeverReplaced) {
    Cluster cluster(1);
    const User user = cluster.user_at(0);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 0})).admission, Admission::accepted);
    const Bytes generous = make_tx(user, {.nonce = 0, .max_fee = 10'000, .tip = 1000});
    expect_refused(cluster.submit_one(0, generous), Refusal::replacement_underpriced);
}

TEST(Held, MoreThanTwoHundredAndFiftySixPerSenderAreRefused) {
    Cluster cluster(1);
    const User user = cluster.user_at(0);
    std::vector<Bytes> raws;
    for (std::uint64_t i = 0; i <= intake::held_per_sender_max; ++i) raws.push_back(make_tx(user, {.nonce = 1 + i}));
    const auto outcomes = cluster.submit(0, raws);
    for (std::size_t i = 0; i < intake::held_per_sender_max; ++i) ASSERT_EQ(outcomes[i].admission, Admission::held);
    expect_refused(outcomes.back(), Refusal::too_many_held);
    // Full of what waits for it: the missing one is taken all the same, and everything follows.
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 0})).admission, Admission::accepted);
    EXPECT_EQ(cluster.at(0).receipts().size(), 1 + intake::held_per_sender_max);
}

TEST(Held, ASenderOfLargeTransactionsLeavesRoomToTheOthers) {
    Cluster cluster(1);
    const std::size_t large = 120 * 1024;
    std::vector<std::size_t> held;
    for (int sender = 0; sender < 3; ++sender) {
        const User user = cluster.user_at(0, Wei(1) << 100);
        std::vector<Bytes> raws;
        for (std::uint64_t nonce = 1; nonce <= 256; ++nonce) raws.push_back(make_tx(user, {.nonce = nonce, .data = large}));
        held.push_back(0);
        for (std::size_t at = 0; at < raws.size(); at += 64) {
            const std::vector<Bytes> some(raws.begin() + static_cast<std::ptrdiff_t>(at),
                                          raws.begin() + static_cast<std::ptrdiff_t>(at) + 64);
            for (const SubmitOutcome& o : cluster.submit(0, some)) held.back() += o.admission == Admission::held;
        }
    }
    EXPECT_EQ(held[0], 256U) << "less than half of the room";
    EXPECT_LT(held[1], held[0]);
    EXPECT_LT(held[2], held[1]);
    EXPECT_GT(held[2], 0U);
    EXPECT_EQ(cluster.submit_one(0, make_tx(cluster.user_at(0), {.nonce = 1})).admission, Admission::held);
}

TEST(Held, AGapSkippedByExecutionIsHeldAgainAndPromisedOnceMore) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    const Bytes first = make_tx(user, {.nonce = 0});
    const Bytes second = make_tx(user, {.nonce = 1});
    EXPECT_EQ(cluster.submit(0, {first, second})[1].admission, Admission::accepted);
    // The ledger's account falls back behind what intake believed: both are out of order when they execute.
    cluster.ledger[user.address()] = {0, Wei(1)};
    cluster.finalize();  // the first lacks funds, the second becomes a gap
    EXPECT_EQ(cluster.executed.at(crypto::keccak256(second)), TxStatus::skipped);
    EXPECT_EQ(cluster.at(0).status("held_transactions"), 1U);
    EXPECT_EQ(cluster.at(0).status("promised_transactions"), 0U);
    EXPECT_EQ(cluster.at(0).store.count(intake::tables::held), 1U);
}

TEST(Held, WhatWasSkippedForAGapIsPromisedAgainOnceItsNonceIsNext) {
    Cluster cluster(4);
    const User user = cluster.user_at(0);
    const Bytes second = make_tx(user, {.nonce = 1});
    EXPECT_EQ(cluster.submit(0, {make_tx(user, {.nonce = 0}), second})[1].admission, Admission::accepted);
    cluster.ledger[user.address()] = {0, Wei(1)};
    cluster.finalize();
    EXPECT_EQ(cluster.at(0).receipts().size(), 2U);
    // Money comes, by a block that touches the account; then the lost first one is sent anew.
    cluster.ledger[user.address()] = {0, Wei(1'000'000'000'000ULL)};
    cluster.restart(0);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 0, .value = 7})).admission, Admission::accepted);
    EXPECT_EQ(cluster.at(0).receipts().size(), 4U);
    cluster.finalize();
    cluster.finalize();
    EXPECT_EQ(cluster.executed.at(crypto::keccak256(second)), TxStatus::success);
    EXPECT_EQ(cluster.at(0).status("held_transactions"), 0U);
}

TEST(Held, WhatIsSkippedForAGapASecondTimeIsDropped) {
    Cluster cluster(1);
    const User user = cluster.user_at(0);
    const Bytes second = make_tx(user, {.nonce = 1});
    EXPECT_EQ(cluster.submit(0, {make_tx(user, {.nonce = 0}), second})[1].admission, Admission::accepted);
    for (const std::uint64_t value : {7U, 8U}) {
        cluster.ledger[user.address()] = {0, Wei(1)};
        cluster.finalize();
        cluster.ledger[user.address()] = {0, Wei(1'000'000'000'000ULL)};
        cluster.restart(0);
        EXPECT_EQ(cluster.at(0).status("held_transactions"), value == 7 ? 1U : 0U);
        EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 0, .value = value})).admission, Admission::accepted);
    }
}

TEST(Held, AnOfferBelowTheBaseFeeWaitsUntilItFalls) {
    Cluster cluster(1);
    const User user = cluster.user_at(0);
    cluster.base_fee_next = 101;
    cluster.finalize();
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.max_fee = 100})).admission, Admission::held);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 1, .max_fee = 200})).admission, Admission::held);
    cluster.finalize();
    EXPECT_TRUE(cluster.at(0).receipts().empty());
    cluster.base_fee_next = 100;
    cluster.finalize();
    EXPECT_EQ(cluster.at(0).receipts().size(), 2U);
}

TEST(Refusals, EachReasonIsNamed) {
    Cluster cluster(1);
    const User user = cluster.user_at(0);
    const User poor = cluster.user_at(0, 10);
    expect_refused(cluster.submit_one(0, Bytes{0xc0}), Refusal::malformed);
    expect_refused(cluster.submit_one(0, make_tx(user, {.chain_id = 1})), Refusal::wrong_chain_id);
    expect_refused(cluster.submit_one(0, make_tx(user, {.max_fee = 6, .tip = 1})), Refusal::fee_below_minimum);
    expect_refused(cluster.submit_one(0, make_tx(user, {.max_fee = 10, .tip = 11})), Refusal::tip_above_max_fee);
    expect_refused(cluster.submit_one(0, make_tx(user, {.gas = 20'999})), Refusal::intrinsic_gas_too_low);
    expect_refused(cluster.submit_one(0, make_tx(user, {.gas = (1ULL << 32) + 1})), Refusal::gas_limit_too_high);
    expect_refused(cluster.submit_one(0, make_tx(user, {.nonce = ~0ULL})), Refusal::nonce_at_maximum);
    expect_refused(cluster.submit_one(0, make_tx(poor, {})), Refusal::insufficient_funds);
    expect_refused(cluster.submit_one(0, make_tx(poor, {.nonce = 3})), Refusal::insufficient_funds);
    const Bytes raw = make_tx(user, {});
    EXPECT_EQ(cluster.submit_one(0, raw).admission, Admission::accepted);
    const SubmitOutcome again = cluster.submit_one(0, raw);
    expect_refused(again, Refusal::already_known);
    EXPECT_TRUE(again.receipt.has_value()) << "who asks twice gets the promise again";
    cluster.finalize();
    expect_refused(cluster.submit_one(0, make_tx(user, {.value = 9})), Refusal::nonce_too_low);
    EXPECT_EQ(cluster.submit_one(0, make_tx(user, {.nonce = 5})).admission, Admission::held);
    expect_refused(cluster.submit_one(0, make_tx(user, {.nonce = 5})), Refusal::already_known);
}

TEST(Refusals, OneBadTransactionDoesNotSpoilItsRequest) {
    Cluster cluster(1);
    const User user = cluster.user_at(0);
    const Bytes second = make_tx(user, {.nonce = 1});
    const auto outcomes = cluster.submit(0, {make_tx(user, {.nonce = 0}), Bytes{0x01, 0x02}, second, second});
    EXPECT_EQ(outcomes[0].admission, Admission::accepted);
    expect_refused(outcomes[1], Refusal::malformed);
    EXPECT_EQ(outcomes[2].admission, Admission::accepted);
    expect_refused(outcomes[3], Refusal::already_known);
}

TEST(Refusals, ARequestWithTooManyTransactionsIsAnError) {
    Cluster cluster(1);
    const IntakeReply reply = cluster.ask(0, SubmitRequest{std::vector<Bytes>(4097, Bytes{0xc0})});
    EXPECT_TRUE(std::holds_alternative<RequestError>(reply));
}

TEST(PendingNonce, CountsWhatIsPromisedAndWhatIsHeldWithoutAHole) {
    Cluster cluster(1);
    const User user = cluster.user_at(0);
    const auto nonce = [&] { return std::get<PendingNonceReply>(cluster.ask(0, PendingNonce{user.address()})); };
    EXPECT_EQ(nonce().nonce, 0U);
    static_cast<void>(cluster.submit(0, {make_tx(user, {.nonce = 0}), make_tx(user, {.nonce = 1}), make_tx(user, {.nonce = 7})}));
    EXPECT_EQ(nonce().nonce, 2U);
    EXPECT_EQ(nonce().held, 1U);
    cluster.finalize();
    EXPECT_EQ(nonce().nonce, 2U);
}

/// Whatever order a sender's transactions arrive in, what is promised is a run of nonces without a hole, in order of place.
RC_GTEST_PROP(Held, PromisesOfASenderAreConsecutiveInAnyOrderOfArrival, ()) {
    const auto order = *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(0, 12));
    Cluster cluster(1);
    const User user = cluster.user_at(0);
    std::size_t at = 0;
    while (at < order.size()) {
        const std::size_t chunk = std::min<std::size_t>(order.size() - at, *rc::gen::inRange<std::size_t>(1, 5));
        std::vector<Bytes> raws;
        for (std::size_t i = 0; i < chunk; ++i) raws.push_back(make_tx(user, {.nonce = order[at + i]}));
        static_cast<void>(cluster.submit(0, raws));
        at += chunk;
        if (*rc::gen::inRange(0, 3) == 0) cluster.finalize();
        if (*rc::gen::inRange(0, 5) == 0) cluster.restart(0);
    }
    std::uint64_t expected = 0;
    while (std::find(order.begin(), order.end(), expected) != order.end()) ++expected;
    std::uint64_t next = 0;
    for (const BatchRecord& batch : cluster.at(0).stored()) {
        const Payload payload = decode<Payload>(batch.payload).value();
        for (const LaneTransaction& t : payload.transactions) RC_ASSERT(ethereum::decode_any(t.raw)->transaction.nonce == next++);
    }
    RC_ASSERT(next == expected);
}

}  // namespace
}  // namespace rondo::test
