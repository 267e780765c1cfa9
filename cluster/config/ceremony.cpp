#include "cluster/config/ceremony.hpp"

#include <algorithm>

#include "cluster/config/file_io.hpp"
#include "cluster/config/genesis_file.hpp"
#include "cluster/config/genesis_maker.hpp"

namespace rondo {
namespace {

/// What is missing when only a part of a new home could be written is not worth keeping.
template <class Write>
Configured<void> write_or_remove(const Home& home, Write write) {
    Configured<void> done = write();
    std::error_code ignored;
    if (!done) std::filesystem::remove_all(home.root, ignored);  // it was empty before
    return done;
}

GenesisOperator described(const TakingPart& options, const NodePlan& plan, const NodeKeys& keys) {
    return {no_operator,
            keys.signing.signing().public_key(),
            keys.transport.transport_public(),
            keys.fees.account().address(),
            keys.watcher.account().address(),
            keys.rewards.account().address(),
            options.self_stake,
            options.moniker,
            plan.endpoints};
}

std::optional<ConfigError> exists_already(const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(path, ignored)) return std::nullopt;
    return ConfigError{path.string() + ": exists already; name another file"};
}

/// The genesis lists this key: the same operator but for its number.
const GenesisOperator* find_by_key(const Genesis& genesis, const PublicKey& key) {
    for (const GenesisOperator& o : genesis.operators)
        if (o.key == key) return &o;
    return nullptr;
}

std::optional<ConfigError> check_own_entry(const Home& home, const GenesisEntry& own, const Genesis& genesis,
                                           const std::string& name) {
    const GenesisOperator* listed = find_by_key(genesis, own.self.key);
    if (listed == nullptr)
        return ConfigError{name + ": your entry is not in it; hand " + home.entry().string() +
                           " to whoever collects, and have it made anew"};
    GenesisOperator expected = own.self;
    expected.number = listed->number;
    if (*listed != expected)
        return ConfigError{name + ": lists your key with something that you did not sign (compare operator " +
                           std::to_string(listed->number.value) + " in it with " + home.entry().string() +
                           "); do not start with it"};
    return std::nullopt;
}

/// That the home still has the keys that its entry names. The public parts tell.
std::optional<ConfigError> check_own_keys(const Home& home, const GenesisOperator& self) {
    const std::filesystem::path folder = home.node("node0") / "keys";
    const std::pair<const char*, Bytes> expected[] = {{"signing.key", to_bytes(self.key.view())},
                                                      {"transport.key", to_bytes(self.transport_key.view())},
                                                      {"watcher.key", to_bytes(self.watcher_account.view())},
                                                      {"rewards.key", to_bytes(self.rewards_account.view())},
                                                      {"fees.key", to_bytes(self.fee_address.view())}};
    for (const auto& [name, public_part] : expected) {
        const auto header = read_key_header(folder / name);
        if (!header) return header.error();
        if (header->public_part != public_part)
            return ConfigError{(folder / name).string() +
                               ": is not the key that this home's entry names; restore it from your backup"};
    }
    return std::nullopt;
}

}  // namespace

Configured<GenesisEntry> take_part(const TakingPart& options) {
    if (const auto wrong = check_new_home(options.home)) return tl::make_unexpected(*wrong);
    if (const auto wrong = exists_already(options.out)) return tl::make_unexpected(*wrong);
    const auto draft = read_genesis(options.draft, Membership::open);
    if (!draft) return tl::make_unexpected(draft.error());
    if (const auto kept = retention_of(options.history, draft->parameters); !kept) return tl::make_unexpected(kept.error());
    const auto plan = plan_only_node(options);
    if (!plan) return tl::make_unexpected(plan.error());
    const NodeKeys keys;
    const GenesisOperator self = described(options, *plan, keys);
    if (const auto wrong = check_operator(self)) return tl::make_unexpected(*wrong);
    const GenesisEntry entry = sign_entry(digest_of(*draft), self, keys.signing.signing());
    const auto written = write_or_remove(options.home, [&]() -> Configured<void> {
        if (auto made = make_private_folder(options.home.root); !made) return made;
        if (auto done = write_file(options.home.draft(), format_genesis(*draft)); !done) return done;
        if (auto done = write_file(options.home.entry(), format_entry(entry)); !done) return done;
        if (auto done = write_file(options.out, format_entry(entry)); !done) return done;
        return write_only_node(options.home, *plan, keys);
    });
    if (!written) return tl::make_unexpected(written.error());
    return entry;
}

Configured<Genesis> collect(const std::filesystem::path& draft, const std::vector<std::filesystem::path>& entries) {
    const auto base = read_genesis(draft, Membership::open);
    if (!base) return tl::make_unexpected(base.error());
    const Digest digest = digest_of(*base);
    std::vector<GenesisOperator> operators;
    for (const std::filesystem::path& path : entries) {
        const auto entry = read_entry(path);
        if (!entry) return tl::make_unexpected(entry.error());
        if (const auto wrong = check_entry(*entry, digest)) return config_error(path.string() + ": " + wrong->message);
        operators.push_back(entry->self);
    }
    std::sort(operators.begin(), operators.end(),
              [](const GenesisOperator& a, const GenesisOperator& b) { return a.key < b.key; });
    for (std::size_t i = 0; i < operators.size(); ++i) operators[i].number = OperatorNumber(static_cast<std::uint32_t>(i));
    return with_operators(*base, operators);
}

Configured<Installed> install_genesis(const Home& home, const std::filesystem::path& path) {
    std::error_code ignored;
    if (!std::filesystem::exists(home.entry(), ignored))
        return config_error(home.root.string() +
                            ": takes part in no genesis ceremony; 'rondo genesis join' makes a home that does");
    const auto own = read_entry(home.entry());
    if (!own) return tl::make_unexpected(own.error());
    const auto draft = read_genesis(home.draft(), Membership::open);
    if (!draft) return tl::make_unexpected(draft.error());
    const auto genesis = read_genesis(path);
    if (!genesis) return tl::make_unexpected(genesis.error());
    if (const auto wrong = check_own_entry(home, *own, *genesis, path.string())) return tl::make_unexpected(*wrong);
    if (const auto wrong = check_own_keys(home, own->self)) return tl::make_unexpected(*wrong);
    const auto expected = with_operators(*draft, genesis->operators);
    if (!expected || *expected != *genesis)
        return config_error(path.string() + ": is not the draft in " + home.draft().string() +
                            " with these operators: its parameters, accounts or policy were changed; do not start with it");
    const OperatorNumber number = find_by_key(*genesis, own->self.key)->number;
    if (auto done = write_file(home.genesis(), format_genesis(*genesis)); !done) return tl::make_unexpected(done.error());
    if (auto done = set_operator(home, "node0", number); !done) return tl::make_unexpected(done.error());
    return Installed{digest_of(*genesis), number, genesis->operators.size()};
}

Configured<Joined> join_network(const NodeOptions& options, const std::filesystem::path& path) {
    if (const auto wrong = check_new_home(options.home)) return tl::make_unexpected(*wrong);
    const auto genesis = read_genesis(path);
    if (!genesis) return tl::make_unexpected(genesis.error());
    if (const auto kept = retention_of(options.history, genesis->parameters); !kept) return tl::make_unexpected(kept.error());
    const auto plan = plan_only_node(options);
    if (!plan) return tl::make_unexpected(plan.error());
    const NodeKeys keys;
    const auto written = write_or_remove(options.home, [&]() -> Configured<void> {
        if (auto made = make_private_folder(options.home.root); !made) return made;
        if (auto done = write_file(options.home.genesis(), format_genesis(*genesis)); !done) return done;
        return write_only_node(options.home, *plan, keys);
    });
    if (!written) return tl::make_unexpected(written.error());
    return Joined{digest_of(*genesis), *plan, keys.fees.account().address()};
}

}  // namespace rondo
