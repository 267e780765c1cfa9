#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "cluster/config/error.hpp"
#include "messages/base/bytes.hpp"

namespace rondo {

/// One line of a transaction file: the signed bytes, and what the file says of them (a hint: the bytes decide).
struct RecordedTransaction {
    Bytes raw;
    std::optional<Address> from;
    std::optional<std::uint64_t> chain_id;
    std::uint64_t line = 0;
};

/// Reads .jsonl and .jsonl.gz, one JSON object with `raw` per line, in bounded memory.
class TransactionFile {
  public:
    [[nodiscard]] static Configured<TransactionFile> open(const std::filesystem::path& path);
    TransactionFile(TransactionFile&&) noexcept;
    ~TransactionFile();
    /// Nothing at the end of the file.
    [[nodiscard]] Configured<std::optional<RecordedTransaction>> next();
    /// How much of the (compressed) file was read, from 0 to 1: for progress bars.
    [[nodiscard]] double progress() const;

  private:
    struct Stream;
    explicit TransactionFile(std::unique_ptr<Stream> stream);
    std::unique_ptr<Stream> stream_;
};

}  // namespace rondo
