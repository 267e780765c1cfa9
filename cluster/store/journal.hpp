#pragma once
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "cluster/store/store.hpp"

namespace rondo::store {

/// The redo log of a Durable store: what a transaction wrote is on the disk with one sequential write and one flush, and reaches
/// the environment with its next commit, which is then worth its dozen pages and two flushes.
///  1. An entry holds the records applied since the last one. It begins at a multiple of 4096 bytes, so that writing it never
///     touches a sector that an earlier entry stands in, and carries a CRC-32C, its generation and its place in it.
///  2. A commit of the environment includes what the journal held, and stores the name of the next generation, whose entries
///     begin at the start of the file. The name is random: no bytes that a stranger gets into a record pass for an entry of it,
///     nor do those of a store that this one replaced.
///  3. On opening, the generation's entries are applied in order, up to the first that is not whole. If that is the last, it was
///     torn and never reported durable. If a whole one follows, the disk lost what it had promised to keep.
/// The file is written with zeros ahead of its use, so that an entry's flush has no metadata to write; and past the page cache,
/// where the file system can do that, which saves copying it there and looking for it again.
///
/// What cannot be told: the last entry rotten after it was durable looks torn. It is at most one commit interval old.
class Journal {
  public:
    using Generation = FixedBytes<16, struct GenerationTag>;
    /// An entry is not whole, and a later one is.
    struct Rotten {
        std::uint64_t entry, later_entry;
    };

    Journal() = default;
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;
    ~Journal();

    /// Nothing: opened. Else the errno.
    [[nodiscard]] std::optional<int> open(const std::filesystem::path& file);
    /// The records of the generation's whole entries, in order; an error if they end before the last of them.
    [[nodiscard]] tl::expected<std::vector<Record>, Rotten> recover(const Generation& generation) const;
    /// From now on entries are of this generation, from the start of the file.
    void begin(const Generation& generation);
    /// Durable when it returns 0; otherwise the errno, and nobody knows what the disk holds. `records` fit, see has_room_for().
    [[nodiscard]] int append(std::span<const Record> records);
    /// False: commit the environment instead.
    [[nodiscard]] bool has_room_for(std::span<const Record> records) const;

  private:
    [[nodiscard]] std::optional<Bytes> read(std::size_t at, std::size_t size) const;
    [[nodiscard]] std::optional<Bytes> read_entry(std::size_t at, const Generation& generation) const;
    [[nodiscard]] std::optional<std::uint64_t> find_entry_after(std::size_t at, const Generation& generation,
                                                                std::uint64_t number) const;
    [[nodiscard]] int make_room(std::size_t end);
    [[nodiscard]] int write_through(std::size_t at, std::size_t size);

    struct Free {
        void operator()(std::uint8_t* bytes) const { std::free(bytes); }
    };
    int descriptor_ = -1;
    std::unique_ptr<std::uint8_t[], Free> buffer_;  ///< aligned, as large as an entry can be
    std::size_t zeroed_ = 0;                        ///< up to here the file's blocks are written
    std::size_t position_ = 0;
    Generation generation_{};
    std::uint64_t next_entry_ = 0;
};

}  // namespace rondo::store
