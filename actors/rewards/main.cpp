#include "actors/rewards/core/rewards_core.hpp"
#include "cluster/config/loader.hpp"

int main(int argc, char** argv) {
    const auto loaded = rondo::load_actor_or_explain(rondo::Actor::rewards, argc, argv);
    if (!loaded) return loaded.error();
    const rondo::rewards::RewardsConfig config{loaded->shell.self, loaded->genesis, *loaded->account_key};
    return rondo::run_actor(
        rondo::rewards::rewards_traits(), loaded->shell,
        [&](const rondo::StoreView& view) { return std::make_unique<rondo::rewards::RewardsCore>(config, view); }, nullptr);
}
