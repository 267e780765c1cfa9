#include <sys/mount.h>

#include <algorithm>
#include <fstream>

#include "stores.hpp"

namespace rondo::store {
namespace {

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
