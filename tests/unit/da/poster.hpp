#pragma once
#include <deque>
#include <filesystem>
#include <memory>
#include <string>

#include "actors/da/core/da_core.hpp"
#include "actors/da/local/local_store.hpp"
#include "chain_maker.hpp"
#include "memory_store.hpp"

namespace rondo::testing {

/// A folder of its own, gone afterwards.
class ScratchFolder {
  public:
    ScratchFolder() {
        std::string pattern = (std::filesystem::temp_directory_path() / "rondo-da-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~ScratchFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

/// One node's da core with a virtual clock, over a layer that may be shared. Asks wait until answer() is called, so that a
/// test can stop the world between any two of them.
class Poster {
  public:
    Poster(const Genesis& genesis, OperatorNumber self, const std::filesystem::path& layer)
        : config_{self, genesis}, layer_(layer) {
        start();
    }
    Poster(const Poster&) = delete;  // the core refers to the store
    Poster& operator=(const Poster&) = delete;

    void feed(const ChainMaker::Made& made) {
        for (const BatchRecord& batch : made.batches) input(ChainMaker::stream(batch));
        input(ChainMaker::stream(made.block));
        input(ChainMaker::stream(made.executed));
    }
    void input(const Input& in) { take(core_->step(now, in)); }

    /// Lets the open ask reach the layer; with `lost` the answer never comes back.
    bool answer(bool lost = false) {
        if (asks_.empty()) return false;
        const Ask ask = asks_.front();
        asks_.pop_front();
        const Bytes reply = layer_.handle(ask.payload);
        if (!lost) input(Answer{ask.id, reply});
        return true;
    }
    /// The ask's deadline passes without the layer ever having seen it.
    void expire() {
        const Ask ask = asks_.front();
        asks_.pop_front();
        input(Answer{ask.id, std::nullopt});
    }
    /// Passes time, firing timers and answering asks.
    void run(DurationMs ms) {
        const Instant end = now.plus(ms);
        while (true) {
            while (answer()) {
            }
            if (!timer_ || *timer_ > end) break;
            now = std::max(now, *timer_);
            timer_.reset();
            input(TimerFired{1});
        }
        now = end;
    }
    /// Until the open ask is a submission; false if none comes in time.
    bool run_to_submission(DurationMs ms = 60'000) {
        const Instant end = now.plus(ms);
        while (true) {
            if (!asks_.empty() && is_submission(asks_.front())) return true;
            if (answer()) continue;
            if (!timer_ || *timer_ > end) return false;
            now = std::max(now, *timer_);
            timer_.reset();
            input(TimerFired{1});
        }
    }
    void crash() {
        asks_.clear();
        timer_.reset();
        start();
    }
    static bool is_submission(const Ask& ask) { return std::holds_alternative<DaSubmit>(*decode<BackendRequest>(ask.payload)); }
    DaSubmit submission() const { return std::get<DaSubmit>(*decode<BackendRequest>(asks_.front().payload)); }
    std::uint64_t number(std::string_view field) const {
        for (const StatusField& f : core_->status())
            if (f.name == field) return std::get<std::uint64_t>(f.value);
        return ~0ULL;
    }
    std::vector<Posting> published(PostingStage stage) const {
        std::vector<Posting> out;
        for (const Posting& p : published_)
            if (p.stage == stage) out.push_back(p);
        return out;
    }

    Instant now{1'000'000};
    MemoryStore store;
    std::vector<Reply> replies;
    da::LocalStore& layer() { return layer_; }
    std::deque<Ask>& asks() { return asks_; }

  private:
    void start() {
        core_ = std::make_unique<da::DaCore>(config_, store);
        take(core_->start(now));
    }
    void take(const Effects& effects) {
        store.apply(effects);
        for (const Publish& p : effects.publishes) published_.push_back(*decode<Posting>(std::get<Bytes>(p.payload)));
        for (const Ask& ask : effects.asks) asks_.push_back(ask);
        for (const SetTimer& t : effects.timers) timer_ = now.plus(t.after_ms);
        for (const Reply& r : effects.replies) replies.push_back(r);
    }
    da::DaConfig config_;
    da::LocalStore layer_;
    std::unique_ptr<da::DaCore> core_;
    std::deque<Ask> asks_;
    std::optional<Instant> timer_;
    std::vector<Posting> published_;
};

}  // namespace rondo::testing
