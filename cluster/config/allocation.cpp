#include "cluster/config/allocation.hpp"

#include "cluster/config/transaction_file.hpp"
#include "messages/ethereum/transaction.hpp"

namespace rondo {
namespace {

/// Calls `visit` for each transaction of the file; returns the first error of the file or of the visitor.
template <class Visit>
std::optional<ConfigError> for_each(const std::filesystem::path& path, const Visit& visit) {
    auto file = TransactionFile::open(path);
    if (!file) return file.error();
    for (;;) {
        const auto next = file->next();
        if (!next) return next.error();
        if (!next->has_value()) return std::nullopt;
        if (auto wrong = visit(**next)) return wrong;
    }
}

/// The bytes decide; the file's own column only where the bytes are of a kind we do not decode.
std::optional<std::uint64_t> chain_id_of(const RecordedTransaction& recorded) {
    const auto decoded = ethereum::decode_any(recorded.raw);
    if (!decoded) return recorded.chain_id;
    if (!decoded->is_protected) return std::nullopt;
    return decoded->transaction.chain_id;
}

Configured<std::uint64_t> majority_chain_id(const std::filesystem::path& path) {
    std::map<std::uint64_t, std::uint64_t> count;
    const auto wrong = for_each(path, [&](const RecordedTransaction& recorded) -> std::optional<ConfigError> {
        if (const auto id = chain_id_of(recorded)) ++count[*id];
        return std::nullopt;
    });
    if (wrong) return tl::make_unexpected(*wrong);
    std::uint64_t best = 0, most = 0;
    for (const auto& [id, times] : count)
        if (times > most) best = id, most = times;
    if (most == 0) return config_error(path.string() + ": no transaction with a chain id in it");
    return best;
}

struct Sender {
    std::uint64_t first_nonce = 0;
    Wei balance;
};

}  // namespace

Configured<Allocation> allocation_from(const std::filesystem::path& path, std::optional<std::uint64_t> wanted_chain_id,
                                       std::uint64_t fee_min_wei) {
    const auto chain_id = majority_chain_id(path);
    if (!chain_id) return tl::make_unexpected(chain_id.error());
    if (wanted_chain_id && *wanted_chain_id != *chain_id)
        return config_error(path.string() + ": its transactions are signed for chain id " + std::to_string(*chain_id) + ", not " +
                            std::to_string(*wanted_chain_id) + "; leave --chain-id out");
    Allocation out;
    out.chain_id = *chain_id;
    std::map<Address, Sender> senders;
    const auto wrong = for_each(path, [&](const RecordedTransaction& recorded) -> std::optional<ConfigError> {
        ++out.transactions;
        const auto refuse = [&](ethereum::Refusal reason) { ++out.refused[std::string(ethereum::to_string(reason))]; };
        const auto transaction = ethereum::decode_transaction(recorded.raw, out.chain_id, fee_min_wei);
        if (!transaction) return refuse(transaction.error()), std::nullopt;
        const auto from = recorded.from ? recorded.from : ethereum::recover_sender(*transaction);
        if (!from) return refuse(ethereum::Refusal::bad_signature), std::nullopt;
        const auto [it, is_new] = senders.try_emplace(*from, Sender{transaction->nonce, 0});
        it->second.first_nonce = std::min(it->second.first_nonce, transaction->nonce);
        const auto cost = transaction->cost_max();
        const auto balance = cost ? checked_add(it->second.balance, *cost) : std::nullopt;
        if (!balance)
            return ConfigError{path.string() + ":" + std::to_string(recorded.line) +
                               ": the sender would need more than 2^256 wei"};
        it->second.balance = *balance;
        return std::nullopt;
    });
    if (wrong) return tl::make_unexpected(*wrong);
    for (const auto& [address, sender] : senders) out.accounts.push_back({address, sender.balance, sender.first_nonce});
    return out;
}

}  // namespace rondo
