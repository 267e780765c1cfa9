#pragma once
#include <zmq.hpp>

#include "cluster/bus/context.hpp"

namespace rondo::bus {

struct Context::Native {
    zmq::context_t zmq{1};
};

}  // namespace rondo::bus
