#include <sys/mount.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "stores.hpp"

namespace rondo::store {
namespace {

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

}  // namespace
}  // namespace rondo::store
