#include "cluster/config/actor_file.hpp"

#include "input_file.hpp"

using namespace rondo;

namespace {

std::optional<ActorFile> read(fuzz::InputFile& file, ByteView text) {
    file.hold(text);
    auto found = read_actor_file(file.path());
    if (!found) return std::nullopt;
    return std::move(*found);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static fuzz::InputFile file;
    const auto first = read(file, {data, size});
    if (!first) return 0;
    const std::filesystem::path folder = file.path().parent_path();
    const std::string text = format_actor_file(*first, folder);
    const auto second = read(file, as_bytes(text));
    require(second.has_value(), "what we write we cannot read:\n" + text);
    require(format_actor_file(*second, folder) == text, "read again, it is another:\n" + text);
    return 0;
}
