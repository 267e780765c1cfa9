// Measures the machine's own limits, against which results are read: prints one JSON object.
//   ecrecover_per_s       sender recoveries (secp256k1 recover + Keccak of the address), a thread per core
//   ed25519_verify_per_s  Ed25519 verifications, a thread per core
//   synced_commit_ms      median of one-record LMDB commits, synced, as a Durable store makes them
//   ipc_mib_per_s         64 KiB messages over a ZeroMQ ipc pair
#include <lmdb.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>
#include <zmq.hpp>

#include "messages/crypto/ed25519.hpp"
#include "messages/crypto/hash.hpp"
#include "messages/crypto/secp256k1.hpp"

namespace {

using namespace rondo;
using Clock = std::chrono::steady_clock;
constexpr auto measured_for = std::chrono::milliseconds(1500);

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// Calls of `once` per second over all cores.
double per_second_on_all_cores(const std::function<void(unsigned)>& once) {
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    std::atomic<std::uint64_t> calls{0};
    const auto start = Clock::now();
    std::vector<std::thread> threads;
    for (unsigned core = 0; core < cores; ++core)
        threads.emplace_back([&, core] {
            std::uint64_t mine = 0;
            for (; Clock::now() - start < measured_for; ++mine) once(core);
            calls += mine;
        });
    for (auto& thread : threads) thread.join();
    return static_cast<double>(calls.load()) / seconds_since(start);
}

double recoveries_per_second() {
    const auto key = crypto::AccountKey::generate();
    const Hash256 digest = crypto::keccak256(as_bytes("a transfer"));
    const auto signature = key.sign(digest);
    return per_second_on_all_cores([&](unsigned) {
        if (crypto::recover_address(digest, signature) != key.address()) std::abort();
    });
}

double verifications_per_second() {
    const auto key = crypto::SecretKey::generate();
    const Bytes message(150, 7);
    const Signature signature = key.sign(message);
    return per_second_on_all_cores([&](unsigned) {
        if (!crypto::verify(key.public_key(), message, signature)) std::abort();
    });
}

void check(int code, const char* what) {
    if (code == 0) return;
    std::fprintf(stderr, "%s: %s\n", what, mdb_strerror(code));
    std::exit(1);
}

double median_synced_commit_ms(const std::filesystem::path& folder) {
    std::filesystem::create_directories(folder);
    MDB_env* env = nullptr;
    check(mdb_env_create(&env), "mdb_env_create");
    check(mdb_env_set_mapsize(env, 1U << 28), "mdb_env_set_mapsize");
    check(mdb_env_open(env, folder.c_str(), 0, 0600), "mdb_env_open");
    std::vector<double> times;
    for (std::uint64_t i = 0; i < 300; ++i) {
        MDB_txn* txn = nullptr;
        MDB_dbi table = 0;
        check(mdb_txn_begin(env, nullptr, 0, &txn), "mdb_txn_begin");
        check(mdb_dbi_open(txn, nullptr, 0, &table), "mdb_dbi_open");
        std::array<std::uint8_t, 256> record{};
        MDB_val key{sizeof i, &i};
        MDB_val value{record.size(), record.data()};
        check(mdb_put(txn, table, &key, &value, 0), "mdb_put");
        const auto start = Clock::now();
        check(mdb_txn_commit(txn), "mdb_txn_commit");
        times.push_back(seconds_since(start) * 1000);
    }
    mdb_env_close(env);
    std::nth_element(times.begin(), times.begin() + 150, times.end());
    return times[150];
}

double ipc_mib_per_second(const std::filesystem::path& folder) {
    constexpr std::size_t message_bytes = 64 * 1024;
    constexpr int messages = 8000;
    const std::string endpoint = "ipc://" + (folder / "pair").string();
    zmq::context_t context;
    zmq::socket_t sink(context, zmq::socket_type::pull);
    sink.bind(endpoint);
    std::thread source([&] {
        zmq::socket_t push(context, zmq::socket_type::push);
        push.connect(endpoint);
        for (int i = 0; i < messages; ++i) push.send(zmq::message_t(message_bytes), zmq::send_flags::none);
    });
    const auto start = Clock::now();
    for (int i = 0; i < messages; ++i) {
        zmq::message_t message;
        if (!sink.recv(message)) std::abort();
    }
    const double seconds = seconds_since(start);
    source.join();
    return messages * (message_bytes / 1048576.0) / seconds;
}

int measure(const std::filesystem::path& scratch) {
    std::filesystem::create_directories(scratch);
    const nlohmann::json out{{"cores", std::thread::hardware_concurrency()},
                             {"ecrecover_per_s", recoveries_per_second()},
                             {"ed25519_verify_per_s", verifications_per_second()},
                             {"synced_commit_ms", median_synced_commit_ms(scratch / "lmdb")},
                             {"ipc_mib_per_s", ipc_mib_per_second(scratch)}};
    std::printf("%s\n", out.dump(2).c_str());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2 || *argv[1] == '\0') {
        std::fprintf(stderr, "usage: rondo-bench-limits FOLDER   (an empty folder on the disk that stores will use)\n");
        return 2;
    }
    try {
        return measure(argv[1]);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "rondo-bench-limits: %s\n", error.what());
        return 1;
    }
}
