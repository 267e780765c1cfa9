#include <fstream>
#include <iterator>

#include "stores.hpp"

namespace rondo::store {
namespace {

constexpr Table votes{0, "votes"};

/// Bytes that the disk changed, in what a store says about itself.
class DamagedStores : public Stores {
  protected:
    DamagedStores() {
        options.tables = {votes};
        Store store = open();
        WriteTxn txn = store.write();
        txn.put(votes, to_bytes(as_bytes("slot")), to_bytes(as_bytes("signed")));
        txn.commit();
    }
    /// Changes the byte that lies `distance` behind the beginning of `text`, wherever that stands; a second time puts it back.
    void flip(const std::string& text, std::size_t distance) const {
        std::fstream file(options.folder / "data.mdb", std::ios::in | std::ios::out | std::ios::binary);
        const std::string content((std::istreambuf_iterator<char>(file)), {});
        std::size_t found = 0;
        for (std::size_t at = content.find(text); at != std::string::npos; at = content.find(text, at + 1), ++found) {
            file.clear();
            file.seekp(static_cast<std::streamoff>(at + distance));
            file.put(static_cast<char>(content[at + distance] ^ 0x20));
        }
        EXPECT_GT(found, 0U) << text;
    }
    void expect_recognised(const std::string& text, std::size_t distance) {
        std::string changed = text;
        if (distance < text.size()) changed[distance] ^= 0x20;
        flip(text, distance);
        EXPECT_EXIT(open(), testing::ExitedWithCode(exit_code_failed), "store: (reading|opening)") << text << " + " << distance;
        flip(changed, distance);
    }
};

TEST_F(DamagedStores, AreNotTakenForNewOnes) {
    for (const std::string fact : {"incarnation", "schema", "genesis", "actor", "operator", "journal"}) {
        expect_recognised(fact, 2);                // its key
        expect_recognised(fact, fact.size() + 1);  // the checksum behind it
        expect_recognised(fact, fact.size() + 4);  // the first byte of its value
    }
    Store store = open();
    EXPECT_EQ(as_text(*store.read().get(votes, as_bytes("slot"))), "signed") << "the damage was undone";
}

TEST_F(DamagedStores, GetNoEmptyTableInThePlaceOfOneThatIsNotFound) {
    expect_recognised("votes", 2);
    expect_recognised("store.meta", 2);
    Store store = open();
    EXPECT_EQ(as_text(*store.read().get(votes, as_bytes("slot"))), "signed") << "the damage was undone";
}

}  // namespace
}  // namespace rondo::store
