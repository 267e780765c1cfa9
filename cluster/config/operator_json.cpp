#include "cluster/config/operator_json.hpp"

namespace rondo {
namespace {

std::string quoted(ByteView bytes) { return "\"" + to_hex_prefixed(bytes) + "\""; }

}  // namespace

GenesisOperator operator_of(const StrictObject& object) {
    const auto port = [&](std::string_view key) { return static_cast<std::uint16_t>(object.number(key, 65'535)); };
    return {no_operator,
            object.bytes<PublicKey>("key"),
            object.bytes<TransportKey>("transport_key"),
            object.bytes<Address>("fee_address"),
            object.bytes<Address>("watcher_account"),
            object.bytes<Address>("rewards_account"),
            object.wei("self_stake"),
            object.text("moniker"),
            {object.text("host"), port("lanes"), port("votes"), port("sync"), port("fetch"), port("state")}};
}

std::string format_operator(const GenesisOperator& entry, const std::string& indent) {
    const Endpoints& at = entry.endpoints;
    const auto text = [](const std::string& value) { return nlohmann::json(value).dump(); };
    return "\"moniker\": " + text(entry.moniker) + ", \"self_stake\": \"" + entry.self_stake.str() + "\",\n" + indent +
           "\"host\": " + text(at.host) + ", \"lanes\": " + std::to_string(at.lanes) +
           ", \"votes\": " + std::to_string(at.votes) + ", \"sync\": " + std::to_string(at.sync) +
           ", \"fetch\": " + std::to_string(at.fetch) + ", \"state\": " + std::to_string(at.state) + ",\n" + indent +
           "\"key\": " + quoted(entry.key.view()) + ",\n" + indent + "\"transport_key\": " + quoted(entry.transport_key.view()) +
           ",\n" + indent + "\"fee_address\": " + quoted(entry.fee_address.view()) + ",\n" + indent +
           "\"watcher_account\": " + quoted(entry.watcher_account.view()) + ",\n" + indent +
           "\"rewards_account\": " + quoted(entry.rewards_account.view());
}

}  // namespace rondo
