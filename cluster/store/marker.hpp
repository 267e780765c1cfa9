#pragma once
#include <filesystem>
#include <optional>
#include <string>

namespace rondo::store {

/// The synced marker of a Derived store: {boot id, dirty}. A store that was written without sync survives the death of its
/// process, because the kernel keeps the pages, but not the end of the boot.
class Marker {
  public:
    enum class State { absent, clean, dirty_this_boot, dirty_other_boot, unreadable };
    [[nodiscard]] static State read(const std::filesystem::path& folder);

    explicit Marker(std::filesystem::path folder);
    void set_dirty();  ///< synced before the first unsynced commit
    void set_clean();  ///< after a sync
  private:
    void write(bool dirty);
    std::filesystem::path folder_;
    std::optional<bool> dirty_;
};

}  // namespace rondo::store
