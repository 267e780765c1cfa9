#include "cluster/config/transaction_file.hpp"

#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

namespace rondo {
namespace {

using nlohmann::json;
/// The largest transaction has 128 KiB, two digits a byte; larger ones must still reach the intake to be refused there by name.
constexpr std::size_t line_bytes_max = 4U << 20;

/// Why the line is no transaction; empty if it is one.
std::string take_line(const std::string& line, RecordedTransaction& out) {
    const json parsed = json::parse(line, nullptr, false);
    if (parsed.is_discarded()) return "not valid JSON";
    if (!parsed.is_object() || !parsed.contains("raw") || !parsed["raw"].is_string()) return "no object with a text 'raw'";
    auto raw = from_hex(parsed["raw"].get_ref<const std::string&>());
    if (!raw || raw->empty()) return "'raw' is not hexadecimal";
    out.raw = std::move(*raw);
    if (parsed.contains("from") && parsed["from"].is_string())
        out.from = fixed_from_hex<Address>(parsed["from"].get_ref<const std::string&>());
    if (parsed.contains("chainId") && parsed["chainId"].is_number_unsigned())
        out.chain_id = parsed["chainId"].get<std::uint64_t>();
    return {};
}

}  // namespace

struct TransactionFile::Stream {
    std::string path;
    gzFile file = nullptr;
    std::uint64_t line = 0;
    std::uint64_t bytes = 0;
    ~Stream() {
        if (file != nullptr) gzclose(file);
    }
    /// The next line without its end; nothing at the end of the file.
    Configured<std::optional<std::string>> next_line() {
        std::string out;
        for (int next = gzgetc(file); next != -1; next = gzgetc(file)) {
            if (next == '\n') return out;
            out += static_cast<char>(next);
            if (out.size() > line_bytes_max) return config_error(at() + "the line is longer than 4 MiB");
        }
        int code = Z_OK;
        const char* reason = gzerror(file, &code);
        if (code == Z_BUF_ERROR) return config_error(path + ": the compressed file is cut off; download or copy it again");
        if (code != Z_OK && code != Z_STREAM_END) return config_error(path + ": damaged: " + reason);
        if (out.empty()) return std::optional<std::string>();
        return out;
    }
    [[nodiscard]] std::string at() const { return path + ":" + std::to_string(line + 1) + ": "; }
};

TransactionFile::TransactionFile(std::unique_ptr<Stream> stream) : stream_(std::move(stream)) {}
TransactionFile::TransactionFile(TransactionFile&&) noexcept = default;
TransactionFile::~TransactionFile() = default;

Configured<TransactionFile> TransactionFile::open(const std::filesystem::path& path) {
    std::error_code error;
    const bool is_folder = std::filesystem::is_directory(path, error);
    auto stream = std::make_unique<Stream>();
    stream->path = path.string();
    stream->file = is_folder ? nullptr : gzopen(path.c_str(), "rb");
    if (stream->file == nullptr)
        return config_error(path.string() + ": cannot be opened: " + (is_folder ? "is a folder" : std::strerror(errno)));
    gzbuffer(stream->file, 1U << 17);
    stream->bytes = std::filesystem::file_size(path, error);
    return TransactionFile(std::move(stream));
}

Configured<std::optional<RecordedTransaction>> TransactionFile::next() {
    for (;;) {
        const auto line = stream_->next_line();
        if (!line) return tl::make_unexpected(line.error());
        if (!line->has_value()) return std::optional<RecordedTransaction>();
        const std::string at = stream_->at();
        ++stream_->line;
        if ((*line)->find_first_not_of(" \t\r") == std::string::npos) continue;
        RecordedTransaction out;
        out.line = stream_->line;
        if (const std::string wrong = take_line(**line, out); !wrong.empty())
            return config_error(at + wrong + R"(; each line is an object like {"raw":"0x02f8…"})");
        return std::optional<RecordedTransaction>(std::move(out));
    }
}

double TransactionFile::progress() const {
    if (stream_->bytes == 0) return 1;
    return std::min(1.0, static_cast<double>(gzoffset(stream_->file)) / static_cast<double>(stream_->bytes));
}

}  // namespace rondo
