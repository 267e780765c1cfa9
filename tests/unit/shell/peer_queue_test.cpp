#include "cluster/shell/peer_queue.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace rondo::shell {
namespace {

const OperatorNumber one(1), two(2), three(3);

PeerMessage from(OperatorNumber who, std::size_t bytes = 1) { return {Channel::votes, who, Bytes(bytes)}; }

/// Until one is dropped.
std::size_t flood(PeerQueue& queue, OperatorNumber who, std::size_t bytes = 1) {
    std::size_t taken = 0;
    while (queue.push(from(who, bytes))) ++taken;
    return taken;
}

std::vector<std::uint32_t> take_all(PeerQueue& queue) {
    std::vector<std::uint32_t> senders;
    while (const auto message = queue.take()) senders.push_back(message->from.value);
    return senders;
}

TEST(PeerQueue, TakesOfEachInTurn) {
    PeerQueue queue({100, 1000});
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(queue.push(from(two)));
    ASSERT_TRUE(queue.push(from(one)));
    ASSERT_TRUE(queue.push(from(three)));
    ASSERT_TRUE(queue.push(from(three)));
    EXPECT_EQ(take_all(queue), (std::vector<std::uint32_t>{1, 2, 3, 2, 3, 2}));
    EXPECT_EQ(queue.size(), 0U);
}

TEST(PeerQueue, TakesOfOneInTheOrderInWhichItCame) {
    PeerQueue queue({100, 1000});
    for (std::size_t bytes = 1; bytes <= 5; ++bytes) ASSERT_TRUE(queue.push(from(one, bytes)));
    for (std::size_t bytes = 1; bytes <= 5; ++bytes) EXPECT_EQ(queue.take()->payload.size(), bytes);
}

TEST(PeerQueue, DropsWhatIsBeyondTheShareOfOneAndTakesTheOthersAtOnce) {
    PeerQueue queue(operators_room);
    EXPECT_EQ(flood(queue, one), operators_room.messages / 2);
    EXPECT_TRUE(queue.has_room()) << "the socket is read on";
    ASSERT_TRUE(queue.push(from(two)));
    EXPECT_EQ(queue.take()->from, one);
    EXPECT_EQ(queue.take()->from, two) << "not behind the flood";
    EXPECT_TRUE(queue.push(from(one))) << "what was taken makes room";
}

TEST(PeerQueue, SharesBytesToo) {
    PeerQueue queue(operators_room);
    EXPECT_EQ(flood(queue, one, limits::message_bytes_max), operators_room.bytes / limits::message_bytes_max / 2);
    EXPECT_TRUE(queue.has_room());
    EXPECT_TRUE(queue.push(from(two, limits::message_bytes_max)));
}

TEST(PeerQueue, IsNotReadOnBeforeWhoHasNothingThereIsDropped) {
    PeerQueue queue(operators_room);
    std::uint32_t who = 0;
    while (queue.has_room()) ASSERT_TRUE(queue.push(from(OperatorNumber(++who), limits::message_bytes_max)));
    EXPECT_TRUE(queue.take());
    EXPECT_TRUE(queue.has_room());
    EXPECT_TRUE(queue.push(from(OperatorNumber(++who), limits::message_bytes_max)));
}

}  // namespace
}  // namespace rondo::shell
