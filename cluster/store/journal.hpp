#pragma once
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "cluster/store/store.hpp"

namespace rondo::store {

/// The redo log of a Durable store: what a transaction wrote is on the disk with one sequential write and one flush, and reaches
/// the environment with its next commit, which is then worth its dozen pages and two flushes.
///  1. An entry holds the records applied since the last one. It begins at a multiple of 512 bytes, so that writing it never
///     touches a sector that an earlier entry stands in, and carries a CRC-32C, its generation and its place in it.
///  2. A commit of the environment stores the generation that it includes; the next one begins at the start of the file.
///  3. On opening, the entries of the generation after the stored one are applied in order, up to the first that is not whole:
///     that one was never reported durable.
/// The file is written with zeros ahead of its use, so that an entry's flush has no metadata to write.
class Journal {
  public:
    Journal() = default;
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;
    ~Journal();

    /// Nothing: opened. Else the errno.
    [[nodiscard]] std::optional<int> open(const std::filesystem::path& file);
    /// The records of the generation's whole entries, in order.
    [[nodiscard]] std::vector<Record> recover(std::uint64_t generation) const;
    /// From now on entries are of this generation, from the start of the file.
    void begin(std::uint64_t generation);
    [[nodiscard]] std::uint64_t generation() const { return generation_; }
    /// Durable when it returns 0; otherwise the errno, and nobody knows what the disk holds. `records` fit, see has_room_for().
    [[nodiscard]] int append(std::span<const Record> records);
    /// False: commit the environment instead.
    [[nodiscard]] bool has_room_for(std::span<const Record> records) const;

  private:
    [[nodiscard]] int make_room(std::size_t end);

    int descriptor_ = -1;
    std::size_t zeroed_ = 0;  ///< up to here the file's blocks are written
    std::size_t position_ = 0;
    std::uint64_t generation_ = 0;
    std::uint64_t next_entry_ = 0;
};

}  // namespace rondo::store
