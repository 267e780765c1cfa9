#include "actors/watcher/core/index.hpp"

#include "messages/base/require.hpp"

namespace rondo::watcher {
namespace {

Bytes epoch_key(Epoch epoch) {
    Bytes key;
    append_be64(key, epoch.value);
    return key;
}

}  // namespace

Index::Index(const StoreView& view, Table statements, Table counts, IndexLimits limits)
    : view_(view), statements_(statements), counts_(counts), limits_(limits) {
    view.scan(counts, {}, {}, [&](ByteView key, ByteView value) {
        const Count count{read_be64(value.first(8)), read_be64(value.subspan(8, 8))};
        epochs_.emplace(Epoch(read_be64(key)), count);
        messages_ += count.messages;
        bytes_ += count.bytes;
        return true;
    });
    if (!epochs_.empty()) oldest_ = epochs_.begin()->first;
}

std::optional<SignedMessage> Index::find(const Bytes& slot) const {
    if (const auto fresh = fresh_.find(slot); fresh != fresh_.end()) return fresh->second;
    const auto stored = view_.get(statements_, slot);
    if (!stored) return std::nullopt;
    auto message = decode<SignedMessage>(*stored);
    require(message.has_value(), "a statement of our own index does not decode");
    return std::move(*message);
}

void Index::put(const Statement& statement, Effects& effects) {
    Bytes value = encode(statement.message);
    const std::uint64_t size = value.size() + statement.slot.size();
    while (bytes_ + size > limits_.bytes && epochs_.size() > 1 && epochs_.begin()->first < statement.epoch)
        drop_oldest_epoch(effects);
    if (bytes_ + size > limits_.bytes || statement.epoch < oldest_) {
        ++dropped_;
        return;
    }
    effects.put(statements_, statement.slot, std::move(value));
    fresh_.insert_or_assign(statement.slot, statement.message);
    Count& count = epochs_[statement.epoch];
    ++count.messages;
    count.bytes += size;
    ++messages_;
    bytes_ += size;
    write_count(statement.epoch, effects);
}

void Index::write_count(Epoch epoch, Effects& effects) {
    Bytes value;
    append_be64(value, epochs_.at(epoch).messages);
    append_be64(value, epochs_.at(epoch).bytes);
    effects.put(counts_, epoch_key(epoch), std::move(value));
}

void Index::drop_oldest_epoch(Effects& effects) {
    const auto [epoch, count] = *epochs_.begin();
    messages_ -= count.messages;
    bytes_ -= count.bytes;
    epochs_.erase(epochs_.begin());
    oldest_ = epoch.next();
    effects.records.push_back(EraseRange{statements_, epoch_key(Epoch(0)), epoch_key(oldest_)});
    effects.records.push_back(EraseRange{counts_, epoch_key(Epoch(0)), epoch_key(oldest_)});
    std::erase_if(fresh_, [&](const auto& entry) { return read_be64(ByteView(entry.first).first(8)) < oldest_.value; });
}

void Index::prune(Epoch current, Effects& effects) {
    const Epoch floor = current.minus_or_zero(limits_.epochs);
    while (!epochs_.empty() && epochs_.begin()->first < floor) drop_oldest_epoch(effects);
    if (oldest_ < floor) oldest_ = floor;
}

}  // namespace rondo::watcher
