#include "cluster/config/cluster_file.hpp"

#include <cstdlib>

#include "input_file.hpp"

using namespace rondo;

namespace {

/// A home whose cluster.toml is the file in memory.
struct FuzzedHome {
    fuzz::InputFile file;
    Home home = Home::at(fresh_folder());

    FuzzedHome() { std::filesystem::create_symlink(file.path(), home.cluster_file()); }
    ~FuzzedHome() { std::filesystem::remove_all(home.root); }
    static std::string fresh_folder() {
        std::string name = "/tmp/rondo-fuzz-XXXXXX";
        require(::mkdtemp(name.data()) != nullptr, "no folder for the home");
        return name;
    }
    std::optional<ClusterFile> read(ByteView text) {
        file.hold(text);
        auto found = read_cluster_file(home);
        if (!found) return std::nullopt;
        return std::move(*found);
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static FuzzedHome fuzzed;
    const auto first = fuzzed.read({data, size});
    if (!first) return 0;
    const std::string text = format_cluster_file(*first);
    const auto second = fuzzed.read(as_bytes(text));
    require(second.has_value(), "what we write we cannot read:\n" + text);
    require(format_cluster_file(*second) == text, "read again, it is another:\n" + text);
    return 0;
}
