#include "actors/intake/core/book.hpp"

namespace rondo::intake {

std::optional<ByteView> Book::get(Table table, ByteView key) const {
    if (!fresh_.empty()) {
        const auto it = fresh_.find({table.index, to_bytes(key)});
        if (it != fresh_.end()) {
            const auto* put = std::get_if<Put>(&effects_->records[it->second]);
            if (put == nullptr) return std::nullopt;
            return put->value;
        }
    }
    return view_.get(table, key);
}

void Book::put(Table table, Bytes key, Bytes value) {
    fresh_[{table.index, key}] = effects_->records.size();
    effects_->put(table, std::move(key), std::move(value));
}

void Book::erase(Table table, Bytes key) {
    fresh_[{table.index, key}] = effects_->records.size();
    effects_->erase(table, std::move(key));
}

}  // namespace rondo::intake
