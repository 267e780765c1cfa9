#include <gtest/gtest.h>

#include "tests/simulation/world/world.hpp"

/// The simulated shell kept to its contract with toys in place of the real cores, so that a failure here is the shell's.
namespace rondo::sim {
namespace {

constexpr Table counted{0, "counted"};
constexpr std::uint64_t enough = 200;

std::uint64_t number_at(const StoreView& view, std::uint8_t key) {
    const auto value = view.get(counted, Bytes{key});
    return value ? read_be64(*value) : 0;
}
Bytes be64(std::uint64_t value) {
    Bytes out;
    append_be64(out, value);
    return out;
}

/// Says 1, 2, 3, ... on its stream, one number every 10 ms, with the time: what was said is not to be said differently.
class Counter : public Core {
  public:
    explicit Counter(const StoreView& view) : view_(view) {}
    Effects start(Instant) override {
        Effects effects;
        effects.timers.push_back({1, 10});
        return effects;
    }
    Effects step(Instant now, const Input&) override {
        Effects effects = start(now);
        const std::uint64_t next = number_at(view_, 0) + 1;
        if (next > enough) return {};
        effects.put(counted, {0}, be64(next));
        Bytes said = be64(next);
        append(said, be64(now.value));
        effects.publishes.push_back({Stream::batches, 0, std::move(said), {}});
        return effects;
    }
    std::vector<StatusField> status() const override { return {}; }

  private:
    const StoreView& view_;
};

/// Adds what it hears and says every other sum, so that a number lost or heard twice shows outside. After the others there is
/// nothing to be said, and they may be stored later.
class Adder : public Core {
  public:
    explicit Adder(const StoreView& view) : view_(view) {}
    Effects start(Instant) override { return {}; }
    Effects step(Instant, const Input& input) override {
        Effects effects;
        const auto* message = std::get_if<StreamMessage>(&input);
        if (message == nullptr) return effects;
        const std::uint64_t number = read_be64(ByteView(message->payload).first(8));
        const Bytes sum = be64(number_at(view_, 1) + number);
        effects.put(counted, {1}, sum);
        if (number % 2 == 0) effects.publishes.push_back({Stream::vote_signed, 0, sum, {}});
        return effects;
    }
    std::vector<StatusField> status() const override { return {}; }

  private:
    const StoreView& view_;
};

/// Every other running sum of 1, 3, 6, 10, ...: in order and each once, and nothing taken back, or the contract is broken.
class Sums : public Observer {
  public:
    explicit Sums(World& world) : world_(world) {}
    void on_publish(NodeIndex node, Stream stream, std::uint64_t sequence, ByteView payload, bool) override {
        const auto [said, fresh] = said_.try_emplace({node, stream, sequence}, to_bytes(payload));
        if (!fresh && said->second != to_bytes(payload)) world_.fail("a message was taken back and replaced");
        if (stream != Stream::vote_signed) return;
        if (read_be64(payload) != sequence * (2 * sequence + 1)) world_.fail("a number was lost or doubled");
    }
    /// Asks the outboxes: what was committed and not said before a crash is said to whoever asks.
    [[nodiscard]] bool complete() {
        for (NodeIndex node = 0; node < world_.size(); ++node) {
            const auto rows = world_.sibling(node, Actor::consensus)->rows(Stream::vote_signed, enough / 2);
            if (rows.size() != 1) return false;
        }
        return true;
    }

  private:
    World& world_;
    std::map<std::tuple<NodeIndex, Stream, std::uint64_t>, Bytes> said_;
};

Cores toys() {
    const ActorTraits counter{Actor::intake, Durability::durable, {counted}, {}, {Channel::lanes}, 1};
    const ActorTraits adder{Actor::consensus, Durability::durable, {counted}, {Stream::batches}, {Channel::votes}, 1};
    return {{counter, [](const StoreView& view, const NodeSetup&) { return std::make_unique<Counter>(view); }},
            {adder, [](const StoreView& view, const NodeSetup&) { return std::make_unique<Adder>(view); }}};
}

Options crashing(std::uint64_t seed, ShellMutant mutant = ShellMutant::none) {
    Options options;
    options.seed = seed;
    options.faults.actor_crash_interval = 150 * millisecond;
    options.faults.power_cut_interval = 900 * millisecond;
    options.faults.disk_full_interval = 1500 * millisecond;
    options.faults.sync_failure_ppm = 3000;
    options.faults.clock_jump_interval = 400 * millisecond;
    options.faults.clock_jump_ms_max = 2000;
    options.faults.boundary_crash_ppm = 20'000;
    options.faults.publish_loss_permille = 100;
    options.shell_mutant = mutant;
    return options;
}

std::pair<std::optional<std::string>, std::uint64_t> count_through_crashes(const Options& options) {
    World world(options, toys());
    Sums sums(world);
    world.add(sums);
    world.start();
    world.begin_chaos();
    world.run(4 * second);
    world.calm();
    if (!world.run_until([&] { return sums.complete(); }, 20 * second)) world.fail("the counting did not end");
    return {world.failure(), world.trace_hash()};
}

std::optional<std::uint64_t> seeds_until_caught(ShellMutant mutant, std::uint64_t seeds_max) {
    for (std::uint64_t seed = 1; seed <= seeds_max; ++seed)
        if (count_through_crashes(crashing(seed, mutant)).first) return seed;
    return std::nullopt;
}

TEST(SimulatedShell, DeliversEachMessageOnceAndInOrderThroughCrashesAtEveryBoundary) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        const auto failure = count_through_crashes(crashing(seed)).first;
        EXPECT_FALSE(failure) << *failure << "\nreplay with seed " << seed;
    }
}

TEST(SimulatedShell, RunsTheSameSeedTheSameWay) {
    EXPECT_EQ(count_through_crashes(crashing(5)).second, count_through_crashes(crashing(5)).second);
    EXPECT_NE(count_through_crashes(crashing(5)).second, count_through_crashes(crashing(6)).second);
}

TEST(ShellMutants, SendingBeforeTheSyncIsCaughtWithin20Seeds) {
    EXPECT_TRUE(seeds_until_caught(ShellMutant::send_before_sync, 20));
}
TEST(ShellMutants, ACursorOutsideTheTransactionIsCaughtWithin20Seeds) {
    EXPECT_TRUE(seeds_until_caught(ShellMutant::cursor_outside_transaction, 20));
}
TEST(ShellMutants, ACursorStoredBeforeTheRecordsThatAreHeldBackIsCaughtWithin20Seeds) {
    EXPECT_TRUE(seeds_until_caught(ShellMutant::cursor_of_held_back, 20));
}
TEST(ShellMutants, ATornWriteThatIsBelievedIsCaughtWithin20Seeds) {
    EXPECT_TRUE(seeds_until_caught(ShellMutant::torn_write_believed, 20));
}
TEST(ShellMutants, AFailedSyncThatIsIgnoredIsCaughtWithin20Seeds) {
    EXPECT_TRUE(seeds_until_caught(ShellMutant::sync_failure_ignored, 20));
}
TEST(ShellMutants, ALostOutboxRowIsCaughtWithin20Seeds) { EXPECT_TRUE(seeds_until_caught(ShellMutant::lost_outbox_row, 20)); }

/// Ten records in a commit whose sync did not return when the power failed; how many of them the opening finds.
std::size_t survivors_of_a_power_cut(Durability durability, std::uint64_t seed, StoreTrust trust) {
    Random random(seed);
    SimStore store(1, trust);
    store.put(counted, {0}, {1});
    store.commit(true);
    store.settle();
    for (std::uint8_t k = 1; k <= 10; ++k) store.put(counted, {k}, {k});
    store.commit(durability == Durability::durable);
    store.put(counted, {11}, {1});  // of the turn under way, on no disk
    store.lose_power(random);
    store.open(durability);
    EXPECT_FALSE(store.get(counted, Bytes{11}));
    EXPECT_TRUE(durability == Durability::derived || store.get(counted, Bytes{0}));
    std::size_t found = 0;
    for (std::uint8_t k = 0; k <= 10; ++k) found += store.get(counted, Bytes{k}).has_value();
    return found;
}

TEST(SimulatedStore, HoldsACommitThatWasUnderWayWhenThePowerFailedWholeOrNotAtAll) {
    std::set<std::size_t> durable, derived, torn;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        durable.insert(survivors_of_a_power_cut(Durability::durable, seed, {}));
        derived.insert(survivors_of_a_power_cut(Durability::derived, seed, {}));
        torn.insert(survivors_of_a_power_cut(Durability::durable, seed, {.torn_writes = true}));
    }
    EXPECT_EQ(durable, (std::set<std::size_t>{1, 11}));
    EXPECT_EQ(derived, (std::set<std::size_t>{0}));
    EXPECT_GT(torn.size(), 4U) << "without the checksum a part is believed";
}

/// What a Derived store holds under the only key after a power cut.
std::optional<std::uint8_t> after_a_power_cut(SimStore& store) {
    Random random(1);
    store.put(counted, {0}, {99});
    store.commit(false);
    store.lose_power(random);
    store.open(Durability::derived);
    const auto value = store.get(counted, Bytes{0});
    return value ? std::optional((*value)[0]) : std::nullopt;
}

TEST(SimulatedStore, ComesBackFromAPowerCutAsItsNewestCheckpointThatIsCompleteAndSound) {
    SimStore store(1);
    const auto commit = [&](std::uint8_t value) {
        store.put(counted, {0}, {value});
        store.commit(false);
        EXPECT_TRUE(store.begin_checkpoint(Height(value)));
        EXPECT_FALSE(store.begin_checkpoint(Height(value))) << "one at a time";
    };
    EXPECT_EQ(after_a_power_cut(store), std::nullopt);
    for (std::uint8_t value = 1; value <= 3; ++value) {
        commit(value);
        store.finish_checkpoint();
    }
    ASSERT_EQ(store.checkpoints().size(), 2U) << "the newest two are kept";
    EXPECT_EQ(store.checkpoints().back()->height(), Height(3));
    commit(4);
    EXPECT_EQ(after_a_power_cut(store), 3) << "the copy of 4 was not complete";
    Random random(2);
    while (store.checkpoints().back()->get(counted, Bytes{0})) store.rot(random);
    EXPECT_FALSE(store.checkpoints().back()->is_sound());
    EXPECT_EQ(after_a_power_cut(store), 2) << "that of 3 is rotten";
    store.wipe();
    EXPECT_TRUE(store.checkpoints().empty());
}

TEST(SimulatedStore, EndsAtTheFirstReadOfARottenRecordAndNotBefore) {
    Random random(1);
    SimStore store(1);
    for (std::uint8_t k = 0; k < 40; ++k) store.put(counted, {k}, {k, 7});
    store.commit(true);
    store.rot(random);
    std::size_t rotten = 0;
    for (std::uint8_t k = 0; k < 40; ++k) {
        try {
            EXPECT_EQ(to_bytes(*store.get(counted, Bytes{k})), (Bytes{k, 7}));
        } catch (const ChecksumFailed&) {
            ++rotten;
            store.put(counted, {k}, {k, 7});  // written anew it is sound
            EXPECT_TRUE(store.get(counted, Bytes{k}));
        }
    }
    EXPECT_EQ(rotten, 12U);
    store.roll_back();
    EXPECT_THROW(store.scan(counted, {}, {}, [](ByteView, ByteView) { return true; }), ChecksumFailed);
    store.heal_rot();
    for (std::uint8_t k = 0; k < 40; ++k) EXPECT_EQ(to_bytes(*store.get(counted, Bytes{k})), (Bytes{k, 7}));
}

TEST(SimulatedStore, RollsBackToWhatWasThereBeforeWhateverRottedSince) {
    Random random(1);
    SimStore store(1);
    const Table table{0, "rows"};
    store.put(table, {1}, {10});
    store.commit(true);
    store.settle();
    store.put(table, {1}, {20});
    store.rot(random);
    EXPECT_THROW((void)store.get(table, Bytes{1}), ChecksumFailed);
    store.roll_back();
    EXPECT_EQ(to_bytes(*store.get(table, Bytes{1})), Bytes{10});
    store.heal_rot();
    EXPECT_EQ(to_bytes(*store.get(table, Bytes{1})), Bytes{10});
}

TEST(SimulatedStore, ScansInBothDirectionsAndErasesARange) {
    SimStore store(1);
    for (std::uint8_t k = 0; k < 6; ++k) store.put(counted, {k}, {k});
    store.apply(EraseRange{counted, {2}, {4}});
    Bytes forward, backward;
    store.scan(counted, Bytes{1}, Bytes{5}, [&](ByteView key, ByteView) {
        forward.push_back(key[0]);
        return true;
    });
    store.scan_reverse(counted, {}, {}, [&](ByteView key, ByteView) {
        backward.push_back(key[0]);
        return key[0] != 1;
    });
    EXPECT_EQ(forward, (Bytes{1, 4}));
    EXPECT_EQ(backward, (Bytes{5, 4, 1}));
    store.roll_back();
    EXPECT_FALSE(store.get(counted, Bytes{0}));
}

}  // namespace
}  // namespace rondo::sim
