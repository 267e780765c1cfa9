#pragma once
#include <optional>
#include <string>

#include "cluster/runtime/core.hpp"
#include "messages/crypto/secp256k1.hpp"
#include "messages/wire/requests.hpp"

namespace rondo {

/// Sends transactions from an account that only this actor uses, one at a time, and knows for certain what became of each.
/// Pure: part of a core.
///
/// 1. A transaction is journalled, signed and with its nonce, before it goes to intake. While its outcome is open nothing else
///    is signed; after a crash the same bytes go again. Two transactions for one duty therefore share a nonce, and one has
///    effect.
/// 2. It is over when `results` shows it with effect, done or reverted.
/// 3. It is signed anew only when it can never have effect: it was skipped, or its nonce is used by another.
/// 4. Whatever is refused or silent is tried again, ever more slowly.
class AccountSender {
  public:
    struct Config {
        std::uint64_t chain_id = 0;
        Wei fee_min;
        TimerId timer = 0;    ///< the core's, for this alone
        AskId first_ask = 0;  ///< asks are numbered from here; the core uses none as high
    };
    enum class Outcome : std::uint8_t { success, reverted };
    struct Done {
        Outcome outcome = Outcome::success;
        Bytes tag;
    };

    AccountSender(const StoreView& view, Table table, crypto::AccountKey key, Config config);

    /// Goes on where the last run stopped.
    void start(Effects& effects);
    [[nodiscard]] bool is_busy() const { return pending_.has_value(); }
    /// What the open transaction was sent for; it must be busy.
    [[nodiscard]] const Bytes& tag() const;
    /// Must not be busy. `tag` comes back with the outcome.
    void send(const Address& to, Bytes data, Bytes tag, Effects& effects);

    /// To be called with every answer and timer; true if it was the sender's.
    bool on_answer(const Answer& answer, Effects& effects);
    bool on_timer(TimerId timer, Effects& effects);
    /// To be called with every executed block.
    [[nodiscard]] std::optional<Done> on_executed(const ExecutedBlock& block, Effects& effects);

    [[nodiscard]] const Address& address() const { return key_.address(); }
    /// The last refusal, in words; empty when all is well.
    [[nodiscard]] const std::string& trouble() const { return trouble_; }

    /// The journal's record.
    struct Pending {
        Address to{};
        Bytes data;
        Bytes tag;
        Bytes raw;  ///< empty until signed
        Hash256 hash{};
        std::uint64_t nonce = 0;
        static auto fields(auto& v) { return std::tie(v.to, v.data, v.tag, v.raw, v.hash, v.nonce); }
    };

  private:
    enum class Open : std::uint8_t { nothing, account, submission };

    void go_on(Effects& effects);
    void on_account(const AccountsReply& reply, Effects& effects);
    void on_submitted(const SubmitOutcome& outcome, Effects& effects);
    void sign(std::uint64_t nonce, Effects& effects);
    void forget_signature(Effects& effects);
    void ask_account(Effects& effects);
    void ask_submission(Effects& effects);
    void try_again(std::string trouble, Effects& effects);
    void wait(DurationMs ms, Effects& effects);

    Table table_;
    crypto::AccountKey key_;
    Config config_;
    std::optional<Pending> pending_;
    Open open_ = Open::nothing;
    AskId last_ask_;
    DurationMs back_off_ms_ = 0;
    bool is_submitted_ = false;            ///< intake took it; only its outcome is missing
    std::optional<Height> nonce_used_at_;  ///< the account's nonce was past ours at this height
    Wei base_fee_;
    std::string trouble_;
};

}  // namespace rondo
