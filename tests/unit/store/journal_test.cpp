#include "cluster/store/journal.hpp"

#include <fstream>
#include <map>
#include <random>

#include "cluster/runtime/limits.hpp"
#include "stores.hpp"

namespace rondo::store {
namespace {

class Journals : public Stores {
  protected:
    Journals() { options.map_bytes = 64 << 20; }

    static std::string get(Store& store, std::string_view key) { return Stores::get(store, first, key); }
    /// Does it in a process of its own that ends as if killed.
    void killed_after(const std::function<void(Store&)>& body) {
        ASSERT_EQ(exit_code_of([&] {
                      Store store = open();
                      body(store);
                      std::_Exit(0);
                  }),
                  0);
    }
    [[nodiscard]] std::filesystem::path file() const { return options.folder / "journal"; }
    void damage(std::uint64_t at) const {
        std::fstream stream(file(), std::ios::in | std::ios::out | std::ios::binary);
        stream.seekg(static_cast<std::streamoff>(at));
        const int found = stream.get();
        stream.seekp(static_cast<std::streamoff>(at));
        stream.put(static_cast<char>(found ^ 1));
    }
};

void log_one(WriteTxn& txn, std::string_view key, std::string_view value) {
    txn.put(first, bytes(key), bytes(value));
    ASSERT_TRUE(txn.log());
}

TEST_F(Journals, KeepWhatWasLoggedBeforeAKillAndNothingElse) {
    killed_after([](Store& store) {
        WriteTxn txn = store.write();
        log_one(txn, "a", "1");
        log_one(txn, "b", "2");
        txn.erase(first, bytes("a"));
        ASSERT_TRUE(txn.log());
        txn.put(first, bytes("c"), bytes("never logged"));
    });
    Store store = open();
    EXPECT_EQ(get(store, "a"), "(nothing)");
    EXPECT_EQ(get(store, "b"), "2");
    EXPECT_EQ(get(store, "c"), "(nothing)");
}

TEST_F(Journals, AreEmptyAfterACommit) {
    killed_after([](Store& store) {
        WriteTxn txn = store.write();
        log_one(txn, "a", "1");
        txn.commit();
        WriteTxn next = store.write();
        next.put(first, bytes("a"), bytes("2"));
        next.commit();
    });
    Store store = open();
    EXPECT_EQ(get(store, "a"), "2") << "an entry of an earlier generation is not applied again";
}

void log_three(Store& store) {
    WriteTxn txn = store.write();
    log_one(txn, "a", "1");
    log_one(txn, "b", "2");
    log_one(txn, "c", "3");
}

TEST_F(Journals, EndAtALastEntryThatIsNotWhole) {
    killed_after(log_three);
    damage(2 * 4096 + 40);  // within the third entry: each begins at a sector of its own
    Store store = open();
    EXPECT_EQ(get(store, "a"), "1");
    EXPECT_EQ(get(store, "b"), "2");
    EXPECT_EQ(get(store, "c"), "(nothing)") << "torn while it was written, so never reported durable";
}

TEST_F(Journals, EndTheProcessWhenAnEntryRottedThatAnotherFollows) {
    killed_after(log_three);
    for (const std::uint64_t at :
         {4096U, 4096U + 6, 4096U + 12, 4096U + 30, 4096U + 40}) {  // crc, length, generation, number, record
        damage(at);
        EXPECT_EXIT(open(), testing::ExitedWithCode(exit_code_failed), "checksum failed in entry 1 of .*which entry 2 follows");
        damage(at);
    }
    Store store = open();
    EXPECT_EQ(get(store, "c"), "3") << "the damage was undone";
}

TEST_F(Journals, OfAStoreThatWasReplacedAreNotApplied) {
    killed_after(log_three);
    std::filesystem::remove(options.folder / "data.mdb");
    Store store = open();
    EXPECT_EQ(get(store, "a"), "(nothing)");
}

TEST_F(Journals, AreMissedWhenTheyAreGone) {
    killed_after(log_three);
    std::filesystem::remove(file());
    const auto refused = Store::open(options);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().exit_code, exit_code_failed);
    EXPECT_NE(refused.error().reason.find("journal is missing"), std::string::npos) << refused.error().reason;
}

TEST_F(Journals, HaveNoRoomForMoreThanTheirBound) {
    Store store = open();
    WriteTxn txn = store.write();
    txn.put(first, bytes("large"), Bytes(limits::journal_entry_bytes_max, 7));
    EXPECT_FALSE(txn.log());
    txn.commit();
    std::size_t logged = 0;
    WriteTxn many = store.write();
    for (bool room = true; room; logged += room ? 1 : 0) {
        many.put(first, bytes("k" + std::to_string(logged)), Bytes(limits::journal_entry_bytes_max / 2, 7));
        room = many.log();
    }
    EXPECT_GE(logged, 8U);
    many.commit();
    WriteTxn after = store.write();
    log_one(after, "small", "1");
    after.commit();
    EXPECT_LE(std::filesystem::file_size(file()), limits::journal_bytes_max);
}

TEST_F(Journals, AreNotKeptForADerivedStore) {
    options.durability = Durability::derived;
    Store store = open();
    WriteTxn txn = store.write();
    txn.put(first, bytes("a"), bytes("1"));
    EXPECT_FALSE(txn.log());
    EXPECT_FALSE(std::filesystem::exists(file()));
}

using Model = std::map<std::string, std::string>;

Model content(Store& store) {
    Model out;
    const ReadTxn txn = store.read();
    txn.scan(first, {}, {}, [&](ByteView key, ByteView value) {
        out.emplace(as_text(key), as_text(value));
        return true;
    });
    return out;
}

/// Draws writes, logs and commits, and says what must survive a kill after the last of them.
Model write_at_random(Store& store, std::uint64_t seed, Model durable) {
    std::mt19937_64 random(seed);
    Model now = durable;
    std::optional<WriteTxn> txn;
    for (std::uint64_t step = 0; step < 5 + random() % 60; ++step) {
        if (!txn) txn.emplace(store.write());
        const std::string key = "k" + std::to_string(random() % 12), to = key + "5";
        const std::string value(random() % 900, static_cast<char>('a' + random() % 26));
        switch (random() % 6) {
            case 0:
            case 1:
                txn->put(first, bytes(key), bytes(value));
                now[key] = value;
                break;
            case 2:
                txn->erase(first, bytes(key));
                now.erase(key);
                break;
            case 3:
                txn->apply(EraseRange{first, bytes(key), bytes(to)});
                now.erase(now.lower_bound(key), now.lower_bound(to));
                break;
            case 4:
                if (txn->log()) durable = now;
                break;
            default:
                txn->commit();
                txn.reset();
                durable = now;
                break;
        }
    }
    return durable;
}

TEST_F(Journals, HoldExactlyWhatWasReportedDurableThroughManyKills) {
    Model expected;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        killed_after([&](Store& store) { (void)write_at_random(store, seed, expected); });
        // What the child did, done again in a store of its own.
        const auto real = options.folder;
        options.folder = folder / ("model" + std::to_string(seed));
        {
            Store model = open();
            WriteTxn before = model.write();
            for (const auto& [key, value] : expected) before.put(first, bytes(key), bytes(value));
            before.commit();
            expected = write_at_random(model, seed, expected);
        }
        options.folder = real;
        Store store = open();
        ASSERT_EQ(content(store), expected) << "seed " << seed;
    }
}

}  // namespace
}  // namespace rondo::store
