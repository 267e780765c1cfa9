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

asio::awaitable<std::optional<RpcError>> refuse_old_state(Node& node, BlockTag tag) {
    if (tag.name == BlockTag::Name::latest || tag.name == BlockTag::Name::pending) co_return std::nullopt;
    const auto wanted = co_await resolve(node, tag);
    if (!wanted) co_return wanted.error();
    const auto block = co_await node.execution<BlockReply>(*wanted);
    if (!block) co_return block.error();
    const auto head = co_await node.execution<BlockReply>(GetBlock{});
    if (!head) co_return head.error();
    if (block->height == head->height) co_return std::nullopt;
    co_return refuse(code_server, "state at height " + std::to_string(block->height.value) +
                                      " is not to be had: accounts are kept at the executed head only; ask for latest")
        .value();
}

}  // namespace rondo::rpc
