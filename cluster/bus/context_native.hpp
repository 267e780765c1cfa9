#pragma once
#include <zmq.hpp>

#include "cluster/bus/context.hpp"
#include "cluster/runtime/limits.hpp"

namespace rondo::bus {

struct Context::Native {
    zmq::context_t zmq{2};  // threads: `first_thread` and `names_thread` of frames.hpp
    Native() { zmq.set(zmq::ctxopt::max_sockets, static_cast<int>(limits::sockets_max)); }
};

}  // namespace rondo::bus
