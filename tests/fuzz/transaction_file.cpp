#include "cluster/config/transaction_file.hpp"

#include <nlohmann/json.hpp>

#include "input_file.hpp"

using namespace rondo;

namespace {

std::string_view line_of(std::string_view text, std::uint64_t number) {
    for (; number > 1; --number) text.remove_prefix(text.find('\n') + 1);
    return text.substr(0, text.find('\n'));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static fuzz::InputFile input;
    input.hold({data, size});
    auto file = TransactionFile::open(input.path());
    require(file.has_value(), "the input was not opened");
    const bool is_packed = size >= 2 && data[0] == 0x1f && data[1] == 0x8b;
    for (std::uint64_t before = 0;;) {
        const auto next = file->next();
        if (!next || !next->has_value()) return 0;
        const RecordedTransaction& found = **next;
        require(found.line > before && !found.raw.empty(), "a transaction out of order, or none at all");
        before = found.line;
        if (is_packed) continue;
        const auto object = nlohmann::json::parse(line_of(as_text({data, size}), found.line), nullptr, false);
        require(object.is_object() && from_hex(object["raw"].get<std::string>()) == found.raw, "not what its line says");
    }
}
