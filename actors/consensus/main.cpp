#include "actors/consensus/core/core.hpp"
#include "cluster/config/loader.hpp"

int main(int argc, char** argv) {
    const auto loaded = rondo::load_actor_or_explain(rondo::Actor::consensus, argc, argv);
    if (!loaded) return loaded.error();
    const rondo::ConsensusConfig config{loaded->shell.self, loaded->signing_keys, loaded->genesis, sources_of(*loaded),
                                        loaded->retention};
    return rondo::run_actor(
        rondo::consensus_traits(), loaded->shell,
        [&](const rondo::StoreView& view) { return std::make_unique<rondo::ConsensusCore>(config, view); }, nullptr);
}
