#include "actors/intake/core/kept.hpp"

#include "actors/intake/core/tables.hpp"

namespace rondo::intake {

Kept::Kept(Common& common, Batches& batches, const FinalCuts& cuts, Retention retention)
    : common_(common), batches_(batches), cuts_(cuts), retention_(retention) {
    common_.book.committed().scan(tables::cited, {}, {}, [&](ByteView key, ByteView) {
        from_ = Height(read_be64(key.first(8)));
        return false;
    });
}

void Kept::on_final(const Proposal& block) {
    executed_ = std::max(executed_, block.executed.height);
    for (const CutEntry& tip : block.cut_delta) {
        Bytes height;
        append_be64(height, tip.height.value);
        common_.book.put(tables::cited, key_of(block.height, tip.lane), std::move(height));
    }
}

void Kept::move_mark() {
    if (mark_ && released_ > mark_->published) heard_ = std::exchange(mark_, std::nullopt)->height;
    if (!mark_ && cuts_.unfinished() == 0) mark_ = Mark{common_.epochs.final_height(), batches_.published_count()};
}

void Kept::finish_step() {
    if (retention_.archive) return;
    move_mark();
    const Height keep_from =
        retention_.keep_from(common_.epochs.final_height(), {executed_.next(), posted_.next(), heard_.next()});
    const Height to = Retention::next_piece(from_, keep_from);
    if (to > from_) forget_below(to);
}

void Kept::forget_below(Height height) {
    const Bytes end = key_of(height, LaneId(0));
    common_.book.committed().scan(tables::cited, {}, end, [&](ByteView key, ByteView tip) {
        batches_.forget(LaneId(read_be32(key.subspan(8, 4))), LaneHeight(read_be64(tip)));
        return true;
    });
    common_.book.erase_range(tables::cited, {}, end);
    from_ = height;
}

}  // namespace rondo::intake
