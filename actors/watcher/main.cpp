#include "actors/watcher/core/watcher_core.hpp"
#include "cluster/config/loader.hpp"

int main(int argc, char** argv) {
    const auto loaded = rondo::load_actor_or_explain(rondo::Actor::watcher, argc, argv);
    if (!loaded) return loaded.error();
    const rondo::watcher::WatcherConfig config{loaded->shell.self, loaded->genesis, *loaded->account_key};
    return rondo::run_actor(
        rondo::watcher::watcher_traits(), loaded->shell,
        [&](const rondo::StoreView& view) { return std::make_unique<rondo::watcher::WatcherCore>(config, view); }, nullptr);
}
