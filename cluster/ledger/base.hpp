#pragma once
#include "cluster/runtime/core.hpp"

namespace rondo {

/// True for a final block or a result with which the node begins that said it: there was nothing before it in this stream.
[[nodiscard]] bool begins_stream(Stream stream, ByteView payload);

}  // namespace rondo
