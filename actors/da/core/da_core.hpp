#pragma once
#include <optional>
#include <string>

#include "actors/da/core/backlog.hpp"
#include "cluster/ledger/contexts.hpp"
#include "cluster/runtime/core.hpp"
#include "messages/wire/requests.hpp"

/// The da actor: collect a final range → encode → journal the intent → post → confirm → record the pointer.
///
/// 1. A range begins right above what lies on the layer. Its blocks are final, executed here, and their batches are here.
///    It is closed by bytes, blocks or age.
/// 2. The bytes of a submission are journalled before they are submitted; until the outcome is known, after a crash too,
///    nothing but these bytes is submitted.
/// 3. The layer itself is the fence: it stores a submission only if it continues exactly. Whoever loses learns the other's
///    posting by listing, and drops its intent.
/// 4. The line of posters of a range is a pure function of the epoch's context. The first posts when the range is closed,
///    each further one after another turn of silence.
/// 5. What the listing shows is confirmed, whoever posted it; only then is anything deleted here.
namespace rondo::da {

struct DaConfig {
    OperatorNumber self;
    Genesis genesis;
};

[[nodiscard]] ActorTraits da_traits();

class DaCore : public Core {
  public:
    DaCore(DaConfig config, const StoreView& view);
    [[nodiscard]] Effects start(Instant now) override;
    [[nodiscard]] Effects step(Instant now, const Input& input) override;
    [[nodiscard]] std::vector<StatusField> status() const override;

  private:
    enum class Open : std::uint8_t { nothing, listing, submission };

    void on_stream(const StreamMessage& message, Effects& effects);
    void begin_at(Height height, const Base& base, Effects& effects);
    void on_request(const Request& request, Effects& effects) const;
    void on_answer(Instant now, const Answer& answer, Effects& effects);
    void on_submitted(Instant now, const DaSubmitted& submitted, Effects& effects);
    void on_listed(Instant now, const std::vector<Posting>& postings, Effects& effects);
    [[nodiscard]] bool learn(const Posting& listed, Effects& effects);
    void resolve_intent(const Posting& posting, Effects& effects);
    void back_off(Instant now, const std::string& reason, Effects& effects);

    void advance(Instant now, bool may_build, Effects& effects);
    void make_intent(Effects& effects);
    void ask_submission(Effects& effects);
    void ask_listing(Effects& effects);
    void ask(Open what, const BackendRequest& request, DurationMs deadline_ms, Effects& effects);
    void note_postable(Instant now);
    [[nodiscard]] std::size_t range_blocks(bool& closed) const;
    [[nodiscard]] std::optional<Instant> my_turn() const;
    void arm(Instant now, Effects& effects);
    [[nodiscard]] bool has_debt() const { return backlog_.newest() > layer_.complete; }

    DaConfig config_;
    const StoreView& view_;
    Digest genesis_digest_;
    ContextBook contexts_;
    Backlog backlog_;
    LayerPosition layer_;
    std::optional<Posting> intent_;  ///< journalled; `posted` once the back end took it

    Open open_ = Open::nothing;
    AskId last_ask_ = 0;
    Instant poll_at_;
    Instant retry_at_;
    DurationMs back_off_ms_ = 0;
    std::optional<Instant> waiting_since_;   ///< something above the layer is ready since
    std::optional<Instant> postable_since_;  ///< ... and the range is closed since
    std::optional<Instant> armed_;
    Instant last_now_;
    std::uint64_t own_postings_ = 0;  ///< since the start
    std::string last_error_;
};

}  // namespace rondo::da
