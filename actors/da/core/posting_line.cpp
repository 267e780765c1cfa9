#include "actors/da/core/posting_line.hpp"

#include <algorithm>
#include <tuple>

#include "messages/crypto/hash.hpp"

namespace rondo::da {

std::vector<OperatorNumber> posting_line(const EpochContext& context, Height first) {
    Bytes term;
    append_be64(term, first.value / posting_term_blocks);
    std::vector<std::tuple<bool, Digest, OperatorNumber>> drawn;
    for (const OperatorInfo& o : context.operators) {
        Bytes number;
        append_be32(number, o.number.value);
        const bool last = !o.leads || o.stake.value == 0;
        drawn.emplace_back(last, crypto::blake2b({as_bytes("posting turn"), context.seed.view(), term, number}), o.number);
    }
    std::sort(drawn.begin(), drawn.end());
    std::vector<OperatorNumber> out;
    out.reserve(drawn.size());
    for (const auto& entry : drawn) out.push_back(std::get<2>(entry));
    return out;
}

}  // namespace rondo::da
