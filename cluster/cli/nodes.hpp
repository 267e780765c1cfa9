#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/bus/client.hpp"
#include "cluster/config/cluster_file.hpp"
#include "cluster/config/error.hpp"
#include "cluster/shell/shell_config.hpp"
#include "messages/codec/encode.hpp"
#include "messages/wire/epoch.hpp"
#include "messages/wire/requests.hpp"

/// The nodes of a home, as the tools reach them.
namespace rondo::cli {

inline constexpr DurationMs answer_ms_max = 1500;

struct NodeAddress {
    std::string name;
    OperatorNumber number;
    std::map<Actor, ActorEndpoints> endpoints;
    std::string rpc;

    [[nodiscard]] Client client(Actor actor) const { return Client(endpoints.at(actor).router); }
};

struct ClusterView {
    Home home;
    ClusterFile file;
    std::vector<NodeAddress> nodes;  ///< ascending by number; those that only follow come last

    [[nodiscard]] static Configured<ClusterView> open(const std::string& home);
    [[nodiscard]] Configured<Genesis> genesis() const;
    [[nodiscard]] std::optional<std::size_t> find(const std::string& name) const;
};

/// One request and its answer of the wanted kind; nothing on a deadline or a RequestError.
template <class Wanted, class ReplyVariant, class RequestVariant>
[[nodiscard]] std::optional<Wanted> ask(Client& client, const RequestVariant& request, DurationMs deadline_ms = answer_ms_max) {
    const auto payload = client.ask(encode(request), deadline_ms);
    if (!payload) return std::nullopt;
    auto reply = decode<ReplyVariant>(*payload);
    if (!reply) return std::nullopt;
    Wanted* wanted = std::get_if<Wanted>(&*reply);
    return wanted == nullptr ? std::nullopt : std::optional<Wanted>(std::move(*wanted));
}

[[nodiscard]] std::optional<HeadReply> ask_head(Client& consensus);
[[nodiscard]] std::optional<BlockReply> ask_executed_head(Client& execution);
[[nodiscard]] std::optional<AccountsReply> ask_accounts(Client& execution, const std::vector<Address>& addresses);
/// Everything up to this height is confirmed on the DA layer.
[[nodiscard]] std::optional<Height> ask_posted(Client& da);

}  // namespace rondo::cli
