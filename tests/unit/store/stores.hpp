#pragma once
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "cluster/store/store.hpp"

namespace rondo::store {

inline constexpr Table first{0, "first"}, second{1, "second"};

inline Bytes bytes(std::string_view text) { return to_bytes(as_bytes(text)); }

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

}  // namespace rondo::store
