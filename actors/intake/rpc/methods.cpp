#include "actors/intake/rpc/methods.hpp"

namespace rondo::rpc {

Method find_method(std::string_view name) {
    for (const auto table : {chain_methods(), transaction_methods(), rondo_methods()})
        for (const NamedMethod& entry : table)
            if (entry.name == name) return entry.method;
    return nullptr;
}

asio::awaitable<tl::expected<GetBlock, RpcError>> resolve(Node& node, BlockTag tag) {
    using enum BlockTag::Name;
    GetBlock wanted;
    if (tag.name == number) wanted.height = tag.height;
    if (tag.name == hash) wanted.digest = tag.digest;
    if (tag.name == earliest) wanted.height = Height(1);
    if (tag.name == finalized) {
        const auto postings = co_await node.da<PostingsReply>(GetPostings{Height(0)});
        if (!postings) co_return tl::unexpected(postings.error());
        wanted.height = postings->posted;
    }
    co_return wanted;
}

}  // namespace rondo::rpc
