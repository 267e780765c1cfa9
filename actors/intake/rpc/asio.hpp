#pragma once
// Boost 1.74 looks for <experimental/coroutine> when the compiler is Clang, which has <coroutine> like everybody else.
#if defined(__clang__) && defined(__cpp_impl_coroutine) && !defined(BOOST_ASIO_HAS_CO_AWAIT)
#define BOOST_ASIO_HAS_CO_AWAIT 1
#endif
// And its awaitable.hpp needs std::exchange without including it.
#include <utility>
// Asio has members named `require`; our macro of that name must not see them.
#pragma push_macro("require")
#undef require
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>  // Boost forgets it before awaitable.hpp
#pragma pop_macro("require")

namespace rondo::rpc {
namespace asio = boost::asio;
}
