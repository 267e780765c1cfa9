#pragma once
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "cluster/config/error.hpp"
#include "messages/base/bytes.hpp"
#include "messages/base/types.hpp"

/// A node on its way to another machine: its keys and its stores, with the table of what was signed, in one sealed file. The home
/// that it leaves is marked first, and signs nothing from then on.
namespace rondo {

struct BundledNode {
    OperatorNumber number;
    Digest genesis{};
};

/// Durable when it returns: no actor of this node folder loads a signing key from now on. Says the sentence to whoever asks.
[[nodiscard]] Configured<void> mark_handed_over(const std::filesystem::path& node_folder, const std::string& sentence);
/// The mark's sentence; empty if the node was not handed over.
[[nodiscard]] std::string handed_over(const std::filesystem::path& node_folder);

/// Keeps the node's stores to itself as long as it lives: an actor that runs is refused, and none can be started.
class StoreLocks {
  public:
    [[nodiscard]] static Configured<StoreLocks> take(const std::filesystem::path& node_folder);
    StoreLocks(StoreLocks&& other) noexcept : descriptors_(std::exchange(other.descriptors_, {})) {}
    StoreLocks& operator=(StoreLocks&&) = delete;
    ~StoreLocks();

  private:
    StoreLocks() = default;
    std::vector<int> descriptors_;
};

/// Writes the folder's keys and stores, sealed with the passphrase (Argon2id and XChaCha20-Poly1305 of libsodium); synced. An
/// older bundle of that name is replaced in one step.
[[nodiscard]] Configured<void> write_bundle(const std::filesystem::path& node_folder, const BundledNode& node,
                                            const std::filesystem::path& file, const std::string& passphrase, const StoreLocks&);
/// Writes what is in the bundle into the new folder `into`, synced. An error if a single byte of it is not what was sealed.
[[nodiscard]] Configured<BundledNode> open_bundle(const std::filesystem::path& file, const std::string& passphrase,
                                                  const std::filesystem::path& into);

}  // namespace rondo
