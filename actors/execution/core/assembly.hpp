#pragma once
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "actors/execution/core/parts.hpp"

namespace rondo::execution {

/// A state that comes together out of parts, in any order, each checked as it comes and kept at once: what is here stands in the
/// store, so that a restart loses nothing but what was on its way. The accounts come first; they name the roots of the modules'
/// storage, which follows.
///
/// A branch waits in the store until the subtrees of all its children are there. The parts wanted are at most those of the
/// branches that wait: 16 for each level of each part that was split.
class Assembly {
  public:
    /// A state with nothing in it, to become the one after block `height` with this root.
    static Assembly begin(StateStore& store, Height height, const Hash256& state_root);
    /// One that was begun before a restart; nothing if none was.
    [[nodiscard]] static std::optional<Assembly> recover(StateStore& store, const StoreView& view);

    [[nodiscard]] bool is_complete() const { return wanted_.empty() && waiting_.empty() && handed_out_.empty(); }
    /// The next part to ask for; it is not wanted any more until it is given back.
    [[nodiscard]] std::optional<PartRequest> take_wanted();
    void give_back(const PartRequest& part);
    /// False: it is not what its parent says of it, and nothing changed. The part must have been taken.
    [[nodiscard]] bool accept(const PartLeaves& leaves);
    [[nodiscard]] bool accept(const PartBranch& branch);

    /// Nothing of it is of use any more, except the state.
    void forget();

    struct Progress {
        Height height;
        Hash256 state_root{};
        std::uint64_t tries = 0;  ///< complete: the accounts', then the modules' in their order
        std::uint64_t accounts = 0;
        Wei supply;
        std::uint64_t parts = 0;
        std::uint64_t bytes = 0;
        static auto fields(auto& v) { return std::tie(v.height, v.state_root, v.tries, v.accounts, v.supply, v.parts, v.bytes); }
    };
    [[nodiscard]] const Progress& progress() const { return progress_; }

    /// As it is kept: a branch of which some children are not here yet.
    struct Waiting {
        PartRequest part;
        std::uint8_t depth = 0;
        Hash256 path{};
        std::vector<Bytes> refs;  ///< 16
        std::vector<Bytes> done;  ///< 16: child records; empty while the child is missing
        static auto fields(auto& v) { return std::tie(v.part, v.depth, v.path, v.refs, v.done); }
    };

  private:
    using Place = std::tuple<TrieId, unsigned, Hash256>;  ///< of a branch: trie, depth, path
    Assembly(StateStore& store, Progress progress) : store_(&store), progress_(std::move(progress)) {}

    void want(const PartRequest& part, const PartRef& expected) { wanted_.emplace(part, expected); }
    void want_children(const Waiting& branch);
    void want_next_trie();
    void count(const PartLeaves& leaves);
    void complete(const PartRequest& part, Child child);
    [[nodiscard]] std::optional<Child> close(const Waiting& branch);
    void save(const Waiting& branch);
    void save_progress();

    StateStore* store_;
    Progress progress_;
    std::map<PartRequest, PartRef> wanted_;
    std::map<PartRequest, PartRef> handed_out_;
    std::map<Place, Waiting> waiting_;
};

}  // namespace rondo::execution
