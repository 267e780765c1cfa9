#include "cluster/store/store.hpp"

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

namespace rondo::store {
namespace {

constexpr Table first{0, "first"}, second{1, "second"};

Bytes bytes(std::string_view text) { return to_bytes(as_bytes(text)); }

class Stores : public testing::Test {
  protected:
    Stores() {
        std::string name = (std::filesystem::temp_directory_path() / "rondo-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        options.folder = folder / "store";
        options.map_bytes = 16 << 20;
        options.tables = {first, second};
    }
    ~Stores() override { std::filesystem::remove_all(folder); }

    Store open() {
        auto store = Store::open(options);
        EXPECT_TRUE(store) << (store ? "" : store.error().reason);
        return std::move(store.value());
    }
    Refusal refused() {
        auto store = Store::open(options);
        EXPECT_FALSE(store);
        return store ? Refusal{0, ""} : store.error();
    }
    static std::string get(Store& store, Table table, std::string_view key) {
        const ReadTxn txn = store.read();
        const auto value = txn.get(table, as_bytes(key));
        return value ? std::string(as_text(*value)) : "(nothing)";
    }
    static void put(Store& store, Table table, std::string_view key, std::string_view value) {
        WriteTxn txn = store.write();
        txn.put(table, bytes(key), bytes(value));
        txn.commit();
    }
    void put_one() {
        Store store = open();
        put(store, first, "key", "value");
    }
    static std::string keys(const StoreView& view, std::string_view from, std::string_view to, bool reverse) {
        std::string out;
        const auto visit = [&](ByteView key, ByteView) {
            out += as_text(key);
            return true;
        };
        if (reverse)
            view.scan_reverse(first, as_bytes(from), as_bytes(to), visit);
        else
            view.scan(first, as_bytes(from), as_bytes(to), visit);
        return out;
    }
    /// The exit code of `body` in a process of its own.
    static int exit_code_of(const std::function<void()>& body) {
        const pid_t pid = ::fork();
        if (pid == 0) {
            body();
            std::_Exit(0);
        }
        int status = 0;
        ::waitpid(pid, &status, 0);
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    std::filesystem::path folder;
    Options options;
};

TEST_F(Stores, KeepWhatWasCommitted) {
    {
        Store store = open();
        put(store, first, "key", "value");
        put(store, second, "key", "other");
    }
    Store store = open();
    EXPECT_EQ(get(store, first, "key"), "value");
    EXPECT_EQ(get(store, second, "key"), "other");
}

TEST_F(Stores, ForgetWhatWasNotCommitted) {
    Store store = open();
    {
        WriteTxn txn = store.write();
        txn.put(first, bytes("key"), bytes("value"));
        EXPECT_EQ(as_text(*txn.get(first, as_bytes("key"))), "value");
        EXPECT_TRUE(txn.has_writes());
    }
    EXPECT_EQ(get(store, first, "key"), "(nothing)");
}

TEST_F(Stores, KeepWhatWasCommittedBeforeAKill) {
    EXPECT_EQ(exit_code_of([&] {
                  Store store = open();
                  put(store, first, "key", "value");
                  WriteTxn txn = store.write();
                  txn.put(first, bytes("key"), bytes("half done"));
                  std::_Exit(3);
              }),
              3);
    Store store = open();
    EXPECT_EQ(get(store, first, "key"), "value");
}

TEST_F(Stores, ScanHalfOpenRangesInBothDirections) {
    Store store = open();
    for (const char* key : {"a", "b", "c", "d"}) put(store, first, key, "");
    const ReadTxn txn = store.read();
    EXPECT_EQ(keys(txn, "", "", false), "abcd");
    EXPECT_EQ(keys(txn, "b", "d", false), "bc");
    EXPECT_EQ(keys(txn, "bb", "zz", false), "cd");
    EXPECT_EQ(keys(txn, "", "", true), "dcba");
    EXPECT_EQ(keys(txn, "b", "d", true), "cb");
    EXPECT_EQ(keys(txn, "b", "zz", true), "dcb");
    EXPECT_EQ(keys(txn, "x", "", true), "");
}

TEST_F(Stores, StopAScanWhenTheVisitorHasEnough) {
    Store store = open();
    for (const char* key : {"a", "b", "c"}) put(store, first, key, "");
    int seen = 0;
    store.read().scan(first, {}, {}, [&](ByteView, ByteView) { return ++seen < 2; });
    EXPECT_EQ(seen, 2);
}

TEST_F(Stores, EraseOneKeyAndRanges) {
    Store store = open();
    for (const char* key : {"a", "b", "c", "d", "e"}) put(store, first, key, "");
    WriteTxn txn = store.write();
    txn.erase(first, bytes("a"));
    txn.erase(first, bytes("not there"));
    txn.apply(EraseRange{first, bytes("c"), bytes("e")});
    EXPECT_EQ(keys(txn, "", "", false), "be");
    txn.commit();
    EXPECT_EQ(keys(store.read(), "", "", false), "be");
}

TEST_F(Stores, GrowTheirMapAndRedoTheWritesOfTheTransaction) {
    options.map_bytes = 1 << 20;
    Store store = open();
    WriteTxn txn = store.write();
    for (char key = 'a'; key <= 'z'; ++key)
        txn.put(first, {static_cast<std::uint8_t>(key)}, Bytes(200'000, static_cast<std::uint8_t>(key)));
    txn.erase(first, bytes("b"));
    txn.commit();
    EXPECT_GT(store.map_bytes(), std::uint64_t{1} << 20);
    const ReadTxn read = store.read();
    EXPECT_EQ(keys(read, "", "", false), "acdefghijklmnopqrstuvwxyz");
    EXPECT_TRUE(std::ranges::all_of(*read.get(first, as_bytes("q")), [](std::uint8_t byte) { return byte == 'q'; }));
}

TEST_F(Stores, EndTheProcessWhenAChecksumFails) {
    {
        Store store = open();
        put(store, first, "the key", "a value that the disk will change");
    }
    std::fstream file(options.folder / "data.mdb", std::ios::in | std::ios::out | std::ios::binary);
    std::string content((std::istreambuf_iterator<char>(file)), {});
    std::size_t changed = 0;
    for (std::size_t at = content.find("disk will"); at != std::string::npos; at = content.find("disk will", at + 1), ++changed) {
        file.clear();
        file.seekp(static_cast<std::streamoff>(at));
        file.put('D');
    }
    file.close();
    ASSERT_GT(changed, 0U);
    EXPECT_EXIT(
        {
            Store store = open();
            (void)get(store, first, "the key");
        },
        testing::ExitedWithCode(exit_code_failed), "checksum failed in table first at key 746865206b6579");
}

TEST_F(Stores, AreOpenedByOneProcessOnly) {
    const Store store = open();
    EXPECT_EQ(exit_code_of([&] {
                  const auto again = Store::open(options);
                  std::_Exit(again ? 0 : again.error().exit_code);
              }),
              exit_code_locked);
    const auto again = Store::open(options);
    ASSERT_FALSE(again);
    EXPECT_NE(again.error().reason.find("in use by another process (process " + std::to_string(::getpid())), std::string::npos);
}

TEST_F(Stores, OfAnotherNetworkActorOrOperatorAreRefused) {
    { Store store = open(); }
    const Owner right = options.owner;
    options.owner.genesis.bytes[0] = 1;
    EXPECT_NE(refused().reason.find("another network"), std::string::npos);
    options.owner = right;
    options.owner.actor = Actor::da;
    EXPECT_NE(refused().reason.find("another actor"), std::string::npos);
    options.owner = right;
    options.owner.self = OperatorNumber(9);
    EXPECT_NE(refused().reason.find("another operator"), std::string::npos);
    EXPECT_EQ(refused().exit_code, exit_code_refused);
    options.owner = right;
    (void)open();
}

TEST_F(Stores, OfAFollowerBecomeAnOperatorsWithAllThatIsInThemAndForGood) {
    const OperatorNumber number(9);
    options.owner.self = no_operator;
    put_one();
    options.owner.self = number;
    {
        Store store = open();
        EXPECT_FALSE(store.was_discarded());
        EXPECT_EQ(get(store, first, "key"), "value");
    }
    options.owner.self = no_operator;
    EXPECT_NE(refused().reason.find("another operator"), std::string::npos);
    options.owner.self = OperatorNumber(10);
    EXPECT_NE(refused().reason.find("another operator"), std::string::npos);
    options.owner.self = number;
    (void)open();
}

TEST_F(Stores, OfANewerSchemaAreRefused) {
    options.schema_version = 2;
    { Store store = open(); }
    options.schema_version = 1;
    EXPECT_EQ(refused().exit_code, exit_code_refused);
    EXPECT_NE(refused().reason.find("newer than this program's 1"), std::string::npos);
}

TEST_F(Stores, OfAnOlderSchemaAreDiscardedOnlyWhenTheyCanBeRebuilt) {
    put_one();
    options.schema_version = 2;
    EXPECT_EQ(refused().exit_code, exit_code_refused);
    options.folder = folder / "derived";
    options.durability = Durability::derived;
    options.schema_version = 1;
    put_one();
    options.schema_version = 2;
    Store store = open();
    EXPECT_TRUE(store.was_discarded());
    EXPECT_EQ(get(store, first, "key"), "(nothing)");
}

TEST_F(Stores, OnAFullDiskEndTheProcessWithACodeOfItsOwn) {
    const auto small = folder / "small";
    std::filesystem::create_directory(small);
    if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=1m") != 0) GTEST_SKIP() << "a small disk can be mounted by root only";
    options.folder = small / "store";
    EXPECT_EQ(exit_code_of([&] {
                  Store store = open();
                  for (std::uint8_t i = 1; i < 100; ++i) {
                      WriteTxn txn = store.write();
                      txn.put(first, {i}, Bytes(100'000, i));
                      txn.commit();
                  }
              }),
              exit_code_disk_full);
    {
        std::ofstream filler(small / "filler");
        while (filler << std::string(4096, 'x') << std::flush) {
        }
    }
    options.folder = small / "second";
    EXPECT_EQ(refused().exit_code, exit_code_disk_full);
    ::umount(small.c_str());
}

TEST_F(Stores, InAFolderThatCannotBeMadeAreRefusedWithAReason) {
    std::ofstream(folder / "file") << "not a folder";
    options.folder = folder / "file" / "store";
    EXPECT_NE(refused().reason.find("cannot create the store's folder"), std::string::npos);
}

TEST_F(Stores, OfADerivedActorSurviveTheDeathOfTheProcess) {
    options.durability = Durability::derived;
    EXPECT_EQ(exit_code_of([&] {
                  Store store = open();
                  put(store, first, "key", "value");
                  std::_Exit(3);
              }),
              3);
    Store store = open();
    EXPECT_FALSE(store.was_discarded());
    EXPECT_EQ(get(store, first, "key"), "value");
}

TEST_F(Stores, OfADerivedActorAreDiscardedWhenTheMachineWentDownUnsynced) {
    options.durability = Durability::derived;
    EXPECT_EQ(exit_code_of([&] {
                  Store store = open();
                  put(store, first, "key", "value");
                  std::_Exit(3);
              }),
              3);
    std::ofstream(options.folder / "synced") << "00000000-0000-0000-0000-000000000000 dirty\n";
    Store store = open();
    EXPECT_TRUE(store.was_discarded());
    EXPECT_EQ(get(store, first, "key"), "(nothing)");
}

TEST_F(Stores, OfADerivedActorSurviveTheEndOfTheBootWhenTheyWereSynced) {
    options.durability = Durability::derived;
    EXPECT_EQ(exit_code_of([&] {
                  Store store = open();
                  put(store, first, "key", "value");
                  EXPECT_TRUE(store.needs_sync());
                  store.sync();
                  std::_Exit(store.needs_sync() ? 4 : 3);
              }),
              3);
    std::ifstream in(options.folder / "synced");
    std::string boot, state;
    in >> boot >> state;
    EXPECT_EQ(state, "clean");
    std::ofstream(options.folder / "synced") << "00000000-0000-0000-0000-000000000000 clean\n";
    Store store = open();
    EXPECT_FALSE(store.was_discarded());
    EXPECT_EQ(get(store, first, "key"), "value");
}

class CheckpointsOfStores : public Stores {
  protected:
    CheckpointsOfStores() { options.durability = Durability::derived; }

    [[nodiscard]] std::filesystem::path path(std::uint64_t height) const {
        return options.folder / ("checkpoint-" + std::to_string(height));
    }
    void power_cut() const { std::ofstream(options.folder / "synced") << "00000000-0000-0000-0000-000000000000 dirty\n"; }
    /// Nothing: complete.
    static std::optional<std::string> checkpoint(Store& store, std::uint64_t height) {
        auto copy = store.begin_checkpoint(Height(height));
        if (!copy) return copy.error();
        auto fault = (*copy)->run();
        store.refresh_checkpoints();
        return fault;
    }
    /// "key" has the height as its value.
    void make_with_checkpoints(std::initializer_list<std::uint64_t> heights) {
        Store store = open();
        for (const std::uint64_t height : heights) {
            put(store, first, "key", std::to_string(height) + " and what the disk will change");
            EXPECT_EQ(checkpoint(store, height), std::nullopt);
        }
    }
    std::string restored() {
        power_cut();
        Store store = open();
        EXPECT_TRUE(store.was_discarded());
        const std::string value = get(store, first, "key");
        EXPECT_EQ(store.restored_from().has_value(), value != "(nothing)");
        return value.substr(0, value.find(' '));
    }
    static void change(const std::filesystem::path& path) {
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        std::string content((std::istreambuf_iterator<char>(file)), {});
        for (std::size_t at = content.find("disk will"); at != std::string::npos; at = content.find("disk will", at + 1)) {
            file.clear();
            file.seekp(static_cast<std::streamoff>(at));
            file.put('D');
        }
    }
};

TEST_F(CheckpointsOfStores, HoldWhatWasCommittedWhenTheyWereBegunWhateverIsWrittenMeanwhile) {
    Store store = open();
    const auto put_number = [&](std::uint32_t number, std::uint8_t value) {
        Bytes key;
        append_be32(key, number);
        WriteTxn txn = store.write();
        txn.put(second, std::move(key), Bytes(2000, value));
        txn.commit();
    };
    for (std::uint32_t i = 0; i < 200; ++i) put_number(i, 1);
    put(store, first, "key", "before");
    auto copy = store.begin_checkpoint(Height(8));
    ASSERT_TRUE(copy);
    std::optional<std::string> fault = "not run";
    std::thread copying([&] { fault = (*copy)->run(); });
    for (std::uint32_t i = 0; i < 200; ++i) {
        put(store, first, "key", "after");
        put_number(i, 2);
    }
    copying.join();
    copy->reset();
    EXPECT_EQ(fault, std::nullopt);
    EXPECT_TRUE(store.checkpoints().empty()) << "not before it is looked for";
    store.refresh_checkpoints();
    ASSERT_EQ(store.checkpoints().size(), 1U);
    const auto checkpoint = store.checkpoints().front();
    EXPECT_EQ(checkpoint->height(), Height(8));
    EXPECT_EQ(as_text(*checkpoint->get(first, as_bytes("key"))), "before");
    std::size_t count = 0;
    checkpoint->scan(second, {}, {}, [&](ByteView, ByteView value) { return to_bytes(value) == Bytes(2000, 1) && ++count != 0; });
    EXPECT_EQ(count, 200U);
    EXPECT_EQ(keys(*checkpoint, "", "", true), "key");
    EXPECT_EQ(get(store, first, "key"), "after");
    EXPECT_TRUE(checkpoint->is_sound());
}

TEST_F(CheckpointsOfStores, HoldAllTablesWhateverTheirNames) {
    const Table meta{2, "meta"};
    options.tables.push_back(meta);
    Store store = open();
    put(store, meta, "key", "value");
    ASSERT_EQ(checkpoint(store, 8), std::nullopt);
    std::size_t count = 0;
    store.checkpoints().front()->scan(meta, {}, {}, [&](ByteView, ByteView) { return ++count != 0; });
    EXPECT_EQ(count, 1U) << "nothing of the store's own";
    EXPECT_TRUE(store.checkpoints().front()->is_sound());
}

TEST_F(CheckpointsOfStores, AreMadeOneAtATime) {
    Store store = open();
    auto copy = store.begin_checkpoint(Height(1));
    ASSERT_TRUE(copy);
    EXPECT_EQ(store.begin_checkpoint(Height(2)).error(), "another one is being made");
    copy->reset();
    EXPECT_TRUE(store.begin_checkpoint(Height(2)));
}

TEST_F(CheckpointsOfStores, TakeThePlaceOfAStoreThatAPowerCutTore) {
    make_with_checkpoints({8, 16, 24});
    EXPECT_FALSE(std::filesystem::exists(path(8))) << "the newest two are kept";
    EXPECT_EQ(restored(), "24");
    {
        Store store = open();
        EXPECT_FALSE(store.was_discarded());
        put(store, first, "key", "25");
    }
    EXPECT_EQ(restored(), "24") << "also again";
}

TEST_F(CheckpointsOfStores, ThatAreRottenArePassedOverForAnOlderOne) {
    make_with_checkpoints({8, 16});
    change(path(16));
    EXPECT_EQ(restored(), "8");
    EXPECT_FALSE(std::filesystem::exists(path(16)));
    std::ofstream(path(24)) << "not a store";
    change(path(8));
    EXPECT_EQ(restored(), "(nothing)");
}

TEST_F(CheckpointsOfStores, ThatTurnOutToBeRottenAreNotListedAnyMore) {
    make_with_checkpoints({8, 16});
    change(path(16));
    Store store = open();
    ASSERT_EQ(store.checkpoints().size(), 2U);
    const auto rotten = store.checkpoints().back();
    EXPECT_FALSE(rotten->get(first, as_bytes("key")));
    EXPECT_FALSE(rotten->is_sound());
    store.refresh_checkpoints();
    ASSERT_EQ(store.checkpoints().size(), 1U);
    EXPECT_EQ(store.checkpoints().front()->height(), Height(8));
    EXPECT_EQ(store.take_notes().size(), 1U);
}

TEST_F(CheckpointsOfStores, ThatACrashLeftUnfinishedAreRemovedAndNeverUsed) {
    make_with_checkpoints({8});
    std::filesystem::rename(path(8), path(16) += ".tmp");
    EXPECT_EQ(restored(), "(nothing)");
    EXPECT_FALSE(std::filesystem::exists(path(16) += ".tmp"));
    EXPECT_EQ(exit_code_of([&] {
                  Store store = open();
                  put(store, first, "key", "32");
                  auto copy = store.begin_checkpoint(Height(32));
                  std::thread copying([&] { (void)(*copy)->run(); });
                  std::_Exit(3);
              }),
              3);
    const std::string value = restored();
    EXPECT_TRUE(value == "32" || value == "(nothing)") << value;
}

TEST_F(CheckpointsOfStores, AreGivenUpWhenTheMapMustGrow) {
    options.map_bytes = 1 << 20;
    Store store = open();
    put(store, first, "key", "value");
    auto copy = store.begin_checkpoint(Height(8));
    ASSERT_TRUE(copy);
    std::atomic<bool> writing = false;
    std::thread copying([&] {
        writing.wait(false);
        (void)(*copy)->run();  // may be done before the map is full
    });
    WriteTxn txn = store.write();
    writing = true;
    writing.notify_one();
    for (char key = 'a'; key <= 'z'; ++key) txn.put(first, {static_cast<std::uint8_t>(key)}, Bytes(200'000, 1));
    txn.commit();
    copying.join();
    EXPECT_EQ(get(store, first, "z").size(), 200'000U);
    EXPECT_GT(store.map_bytes(), std::uint64_t{1} << 20);
}

TEST_F(CheckpointsOfStores, WithoutRoomAreNotBegun) {
    const auto small = folder / "small";
    std::filesystem::create_directory(small);
    if (::mount("tmpfs", small.c_str(), "tmpfs", 0, "size=8m") != 0) GTEST_SKIP() << "a small disk can be mounted by root only";
    options.folder = small / "store";
    {
        Store store = open();
        put(store, first, "key", "value");
        const auto refused = checkpoint(store, 8);
        ASSERT_TRUE(refused);
        EXPECT_NE(refused->find("free bytes"), std::string::npos) << *refused;
        EXPECT_TRUE(store.checkpoints().empty());
    }
    ::umount(small.c_str());
}

TEST_F(CheckpointsOfStores, OfAnotherSchemaAreNotRestored) {
    make_with_checkpoints({8});
    options.schema_version = 2;
    EXPECT_EQ(restored(), "(nothing)");
    EXPECT_FALSE(std::filesystem::exists(path(8)));
}

TEST_F(Stores, WriteTheDirtyMarkerBeforeTheNextUnsyncedCommit) {
    options.durability = Durability::derived;
    Store store = open();
    store.sync();
    put(store, first, "key", "value");
    std::ifstream in(options.folder / "synced");
    std::string boot, state;
    in >> boot >> state;
    EXPECT_EQ(state, "dirty");
}

TEST_F(Stores, KeepTheirIncarnationUntilTheyAreReplaced) {
    Incarnation before;
    {
        Store store = open();
        before = store.incarnation();
    }
    {
        Store store = open();
        EXPECT_EQ(store.incarnation(), before);
    }
    std::filesystem::remove_all(options.folder);
    Store store = open();
    EXPECT_NE(store.incarnation(), before);
}

TEST_F(Stores, RefuseAKeyThatLmdbCannotHold) {
    Store store = open();
    EXPECT_EXIT(
        {
            WriteTxn txn = store.write();
            txn.put(first, Bytes(512, 1), {});
        },
        testing::ExitedWithCode(70), "1 to 511 bytes");
}

}  // namespace
}  // namespace rondo::store
