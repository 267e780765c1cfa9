#include "actors/consensus/core/kept.hpp"

#include "actors/consensus/core/tables.hpp"

namespace rondo::consensus {

Kept::Kept(const Replica& replica, Retention retention) : replica_(replica), retention_(retention) {
    replica.store.scan(tables::blocks, {}, {}, [&](ByteView key, ByteView) {
        from_ = Height(read_be64(key));
        return false;
    });
}

void Kept::on_settled(Turn& turn) {
    const Height keep_from = retention_.keep_from(replica_.chain.floor().height, {released_});
    const Height to = Retention::next_piece(from_, keep_from);
    if (to <= from_) return;
    turn.effects.records.push_back(EraseRange{tables::blocks, tables::key(from_), tables::key(to)});
    turn.effects.forgets.push_back({Stream::blocks, to.value});
    from_ = to;
}

}  // namespace rondo::consensus
