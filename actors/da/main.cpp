#include "actors/da/core/da_core.hpp"
#include "actors/da/local/local_store.hpp"
#include "cluster/config/loader.hpp"

int main(int argc, char** argv) {
    const auto loaded = rondo::load_actor_or_explain(rondo::Actor::da, argc, argv);
    if (!loaded) return loaded.error();
    rondo::da::LocalStore layer(loaded->file.da_folder);
    const rondo::da::DaConfig config{loaded->shell.self, loaded->genesis};
    return rondo::run_actor(
        rondo::da::da_traits(), loaded->shell,
        [&](const rondo::StoreView& view) { return std::make_unique<rondo::da::DaCore>(config, view); }, &layer);
}
