#pragma once
#include <msgpack.hpp>
#include <string_view>

#include "messages/base/bytes.hpp"

namespace rondo::codec {

/// Appends canonical msgpack to a buffer: msgpack::packer always takes the shortest form.
class Writer {
  public:
    void write_uint(std::uint64_t value) { packer_.pack_uint64(value); }
    void write_bool(bool value) { value ? packer_.pack_true() : packer_.pack_false(); }
    void write_nil() { packer_.pack_nil(); }
    void write_bin(ByteView data) {
        packer_.pack_bin(static_cast<std::uint32_t>(data.size()));
        packer_.pack_bin_body(reinterpret_cast<const char*>(data.data()), static_cast<std::uint32_t>(data.size()));
    }
    void write_str(std::string_view text) {
        packer_.pack_str(static_cast<std::uint32_t>(text.size()));
        packer_.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
    }
    void write_array(std::size_t count) { packer_.pack_array(static_cast<std::uint32_t>(count)); }

    void reserve(std::size_t bytes) { sink_.out.reserve(bytes); }
    [[nodiscard]] Bytes take() { return std::move(sink_.out); }

  private:
    struct Sink {
        Bytes out;
        void write(const char* data, std::size_t size) { append(out, as_bytes({data, size})); }
    };
    Sink sink_;
    msgpack::packer<Sink> packer_{sink_};
};

}  // namespace rondo::codec
