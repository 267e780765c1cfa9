#include "actors/execution/core/core.hpp"
#include "cluster/config/loader.hpp"

int main(int argc, char** argv) {
    const auto loaded = rondo::load_actor_or_explain(rondo::Actor::execution, argc, argv);
    if (!loaded) return loaded.error();
    const rondo::ExecutionConfig config{loaded->shell.self, loaded->genesis, loaded->retention, loaded->file.takes_snapshots,
                                        sources_of(*loaded)};
    return rondo::run_actor(
        rondo::execution_traits(), loaded->shell,
        [&](const rondo::StoreView& view) { return std::make_unique<rondo::ExecutionCore>(config, view); }, nullptr);
}
