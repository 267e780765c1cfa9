#include "actors/intake/rpc/server.hpp"

#include "actors/intake/rpc/asio.hpp"

#pragma push_macro("require")
#undef require
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#pragma pop_macro("require")
#include <atomic>
#include <chrono>
#include <thread>

#include "actors/intake/rpc/dispatch.hpp"
#include "cluster/bus/context.hpp"
#include "cluster/runtime/shares.hpp"
#include "messages/base/require.hpp"

namespace rondo::rpc {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using Steady = std::chrono::steady_clock;
using Response = http::response<http::string_body>;

/// One client: an IPv4 address, or the 64 bits of an IPv6 network, of which anybody has as many addresses as they like.
asio::ip::address client_of(const asio::ip::address& address) {
    if (address.is_v4()) return address;
    const asio::ip::address_v6 v6 = address.to_v6();
    if (v6.is_v4_mapped()) return asio::ip::make_address_v4(asio::ip::v4_mapped, v6);
    asio::ip::address_v6::bytes_type bytes = v6.to_bytes();
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    return asio::ip::address_v6(bytes);
}

/// What one address may still ask for.
struct Caller {
    double tokens = 0;
    Steady::time_point refilled = Steady::now();
};

/// Whom the server refused, and why.
struct Counters {
    std::atomic<std::uint64_t> connections = 0;  ///< now
    std::atomic<std::uint64_t> memory = 0;       ///< now, in bytes
    std::atomic<std::uint64_t> connections_refused = 0, requests_throttled = 0, requests_refused = 0, too_slow = 0, silent = 0;
};

/// What a request may take while it is read and answered: its text twice, and what it becomes when it is parsed, at some 96 bytes
/// per value, the shortest of which has three characters.
std::uint64_t cost_of(std::uint64_t body_bytes, const Limits& limits) {
    return 2 * body_bytes + std::min<std::uint64_t>(32 * body_bytes, 96 * limits.json_values_max);
}

template <class Request>
Response text_response(const Request& request, http::status status, std::string text) {
    Response out{status, request.version()};
    out.set(http::field::content_type, "text/plain");
    out.keep_alive(request.keep_alive());
    out.body() = std::move(text);
    out.prepare_payload();
    return out;
}

/// The answer to what is no request or too large a one; nothing when the connection just ended.
std::optional<Response> refusal_of(const boost::system::error_code& error, const Limits& limits) {
    http::request<http::string_body> none;
    none.version(11);
    none.keep_alive(false);
    if (error == http::error::body_limit)
        return text_response(none, http::status::payload_too_large,
                             "the body is over " + std::to_string(limits.body_bytes_max) + " bytes; send less at once\n");
    if (error == http::error::header_limit)
        return text_response(none, http::status::request_header_fields_too_large,
                             "the header is over " + std::to_string(limits.header_bytes_max) + " bytes\n");
    const bool ended = error == http::error::end_of_stream || error == http::error::partial_message;
    if (ended || error.category() != http::make_error_code(http::error::bad_value).category()) return std::nullopt;
    return text_response(none, http::status::bad_request, "this is no HTTP request: " + error.message() + "\n");
}

/// Closing on unread bytes resets the connection, and the client may lose the refusal that it was sent. So some more is read,
/// up to a bound in bytes and in time.
asio::awaitable<void> swallow_rest(beast::tcp_stream& stream, const Limits& limits) {
    std::vector<char> unread(1U << 16);
    boost::system::error_code error;
    stream.expires_after(std::chrono::milliseconds(std::min<std::uint64_t>(limits.header_timeout_ms, 2000)));
    for (std::size_t left = 8 * limits.body_bytes_max; !error && left > 0;) {
        const std::size_t got =
            co_await stream.async_read_some(asio::buffer(unread), asio::redirect_error(asio::use_awaitable, error));
        left -= std::min(left, got);
    }
}

}  // namespace

struct RpcServer::Impl {
    explicit Impl(RpcConfig c) : config(std::move(c)), acceptor(io) {}

    asio::awaitable<void> accept_loop();
    asio::awaitable<void> serve(tcp::socket socket, asio::ip::address address);
    bool admit(const asio::ip::address& address);
    bool take_token(const asio::ip::address& address);
    void leave(const asio::ip::address& address);

    /// Memory of one caller's share, given back at the end.
    class Held {
      public:
        Held(Impl& impl, const asio::ip::address& address) : impl_(impl), address_(address) {}
        ~Held() {
            impl_.memory.give_back(address_, bytes_);
            impl_.counters.memory = impl_.memory.total();
        }
        Held(const Held&) = delete;
        Held& operator=(const Held&) = delete;
        /// False, and counted, if there is not so much for this address.
        [[nodiscard]] bool take(std::uint64_t bytes);
        /// For the answer, before it is there.
        [[nodiscard]] bool take_ahead(std::uint64_t bytes);
        /// The answer is there: what was taken ahead is part of it.
        [[nodiscard]] bool take_answer(std::uint64_t bytes) { return bytes <= ahead_ || take(bytes - ahead_); }

      private:
        Impl& impl_;
        const asio::ip::address& address_;
        std::uint64_t bytes_ = 0;
        std::uint64_t ahead_ = 0;
    };
    using Parser = http::request_parser<http::string_body>;
    asio::awaitable<Response> respond(const http::request<http::string_body>& request, const asio::ip::address& address,
                                      Held& held);
    asio::awaitable<bool> await_request(beast::tcp_stream& stream, beast::flat_buffer& buffer, std::uint64_t timeout_ms);
    asio::awaitable<Response> exchange(beast::tcp_stream& stream, beast::flat_buffer& buffer, Held& held,
                                       const asio::ip::address& address, boost::system::error_code& error);

    RpcConfig config;
    // Before io: open connections count themselves out when io destroys their coroutines.
    Counters counters;
    std::map<asio::ip::address, Caller> callers;
    Shares<asio::ip::address> connections, memory;
    asio::io_context io{1};
    tcp::acceptor acceptor;
    std::unique_ptr<Actors> actors;
    std::thread thread;
    std::uint16_t bound_port = 0;
};

RpcServer::RpcServer(RpcConfig config) : impl_(std::make_unique<Impl>(std::move(config))) {}

RpcServer::~RpcServer() { stop(); }

std::string RpcServer::start() {
    boost::system::error_code error;
    const auto address = asio::ip::make_address(impl_->config.address, error);
    if (error) return "rpc.address = \"" + impl_->config.address + "\" is not an IP address";
    const tcp::endpoint endpoint(address, impl_->config.port);
    impl_->acceptor.open(endpoint.protocol(), error);
    if (!error) impl_->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) impl_->acceptor.bind(endpoint, error);
    if (!error) impl_->acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error)
        return "can't listen on " + impl_->config.address + ":" + std::to_string(impl_->config.port) + " (" + error.message() +
               "); stop the process that holds the port, or set another rpc.port";
    impl_->bound_port = impl_->acceptor.local_endpoint().port();
    impl_->actors = std::make_unique<Actors>(impl_->io, impl_->config);
    asio::co_spawn(impl_->io, impl_->accept_loop(), asio::detached);
    impl_->thread = std::thread([this] {
        bus::ask_to_be_prompt();
        impl_->io.run();
    });
    return {};
}

void RpcServer::stop() {
    if (!impl_->thread.joinable()) return;
    asio::post(impl_->io, [this] {
        boost::system::error_code ignored;
        impl_->acceptor.close(ignored);
        impl_->actors->close();
        impl_->io.stop();
    });
    impl_->thread.join();
}

std::uint16_t RpcServer::port() const { return impl_->bound_port; }

std::vector<StatusField> RpcServer::status() const {
    const Counters& c = impl_->counters;
    return {{"rpc_connections", c.connections.load()},
            {"rpc_memory_bytes", c.memory.load()},
            {"rpc_connections_refused", c.connections_refused.load()},
            {"rpc_requests_throttled", c.requests_throttled.load()},
            {"rpc_requests_refused", c.requests_refused.load()},
            {"rpc_too_slow", c.too_slow.load()},
            {"rpc_silent", c.silent.load()}};
}

asio::awaitable<void> RpcServer::Impl::accept_loop() {
    for (;;) {
        boost::system::error_code error;
        tcp::socket socket = co_await acceptor.async_accept(asio::redirect_error(asio::use_awaitable, error));
        if (error == asio::error::operation_aborted) co_return;
        if (error) {  // out of descriptors, most likely: let some go first
            asio::steady_timer pause(io, std::chrono::milliseconds(100));
            co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
            continue;
        }
        const auto remote = socket.remote_endpoint(error);
        if (error) continue;  // gone already
        const auto client = client_of(remote.address());
        if (!admit(client)) continue;  // closed by its destructor
        asio::co_spawn(io, serve(std::move(socket), client), asio::detached);
    }
}

bool RpcServer::Impl::admit(const asio::ip::address& address) {
    if (!connections.has_room(address, 1, config.limits.connections_max) ||
        connections.of(address) >= config.limits.connections_per_address_max) {
        ++counters.connections_refused;
        return false;
    }
    const double burst = 2.0 * static_cast<double>(config.limits.requests_per_second_per_address);
    callers.try_emplace(address, Caller{burst, Steady::now()});
    connections.take(address, 1);
    counters.connections = connections.total();
    return true;
}

/// Who left is remembered for a while, so that to come again is no way around the rate.
void RpcServer::Impl::leave(const asio::ip::address& address) {
    connections.give_back(address, 1);
    counters.connections = connections.total();
    if (connections.of(address) == 0 && callers.size() > config.limits.connections_max) callers.erase(address);
}

bool RpcServer::Impl::Held::take(std::uint64_t bytes) {
    if (!impl_.memory.has_room(address_, bytes, impl_.config.limits.memory_bytes_max)) {
        ++impl_.counters.requests_refused;
        return false;
    }
    impl_.memory.take(address_, bytes);
    impl_.counters.memory = impl_.memory.total();
    bytes_ += bytes;
    return true;
}

bool RpcServer::Impl::Held::take_ahead(std::uint64_t bytes) {
    if (!take(bytes)) return false;
    ahead_ += bytes;
    return true;
}

bool RpcServer::Impl::take_token(const asio::ip::address& address) {
    const double rate = static_cast<double>(config.limits.requests_per_second_per_address);
    const auto now = Steady::now();
    Caller& caller = callers[address];
    caller.tokens = std::min(2 * rate, caller.tokens + rate * std::chrono::duration<double>(now - caller.refilled).count());
    caller.refilled = now;
    if (caller.tokens < 1) return false;
    caller.tokens -= 1;
    return true;
}

asio::awaitable<void> RpcServer::Impl::serve(tcp::socket socket, asio::ip::address address) {
    struct Leave {
        Impl& impl;
        const asio::ip::address& address;
        ~Leave() { impl.leave(address); }
    } leave_at_end{*this, address};
    beast::tcp_stream stream(std::move(socket));
    boost::system::error_code error;
    stream.socket().set_option(tcp::no_delay(true), error);
    beast::flat_buffer buffer;
    std::uint64_t timeout_ms = config.limits.header_timeout_ms;
    while (co_await await_request(stream, buffer, timeout_ms)) {
        Held held(*this, address);
        const Response response = co_await exchange(stream, buffer, held, address, error);
        if (error) break;
        stream.expires_after(std::chrono::milliseconds(config.limits.idle_timeout_ms));
        co_await http::async_write(stream, response, asio::redirect_error(asio::use_awaitable, error));
        if (error == beast::error::timeout) ++counters.too_slow;
        if (error || !response.keep_alive()) break;
        timeout_ms = config.limits.idle_timeout_ms;
    }
    stream.socket().shutdown(tcp::socket::shutdown_send, error);
    co_await swallow_rest(stream, config.limits);
}

/// Until something of a request is here; false if nothing comes.
asio::awaitable<bool> RpcServer::Impl::await_request(beast::tcp_stream& stream, beast::flat_buffer& buffer,
                                                     std::uint64_t timeout_ms) {
    if (buffer.size() > 0) co_return true;
    boost::system::error_code error;
    stream.expires_after(std::chrono::milliseconds(timeout_ms));
    const std::size_t got = co_await stream.async_read_some(buffer.prepare(config.limits.header_bytes_max),
                                                            asio::redirect_error(asio::use_awaitable, error));
    buffer.commit(got);
    if (error == beast::error::timeout) ++counters.silent;
    co_return got > 0;
}

/// Reads a request and makes its answer. The body is read only when there is memory for it; one of unknown length may become as
/// long as it is allowed to. With an error the connection just ended.
asio::awaitable<Response> RpcServer::Impl::exchange(beast::tcp_stream& stream, beast::flat_buffer& buffer, Held& held,
                                                    const asio::ip::address& address, boost::system::error_code& error) {
    const Limits& limits = config.limits;
    Parser parser;
    parser.body_limit(limits.body_bytes_max);
    parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
    stream.expires_after(std::chrono::milliseconds(limits.header_timeout_ms));
    co_await http::async_read_header(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
    const auto expected = [&] { return parser.chunked() ? limits.body_bytes_max : parser.content_length().value_or(0); };
    if (!error && !held.take(cost_of(expected(), limits))) {
        Response busy = text_response(parser.get(), http::status::service_unavailable,
                                      "too much is being answered for this address; send less at once, or retry later\n");
        busy.keep_alive(false);  // its body is not read
        busy.prepare_payload();
        co_return busy;
    }
    if (!error) co_await http::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
    if (error) {
        if (error == beast::error::timeout) ++counters.too_slow;
        auto refusal = refusal_of(error, limits);
        if (!refusal) co_return Response{};
        error = {};
        co_return std::move(*refusal);
    }
    stream.expires_never();  // answering has a deadline of its own, for every actor that is asked
    Response response = co_await respond(parser.get(), address, held);
    if (held.take_answer(response.body().size())) co_return response;
    co_return text_response(parser.get(), http::status::service_unavailable,
                            "the answer is too large beside the others for this address; ask for less at once\n");
}

asio::awaitable<Response> RpcServer::Impl::respond(const http::request<http::string_body>& request,
                                                   const asio::ip::address& address, Held& held) {
    if (request.method() != http::verb::post)
        co_return text_response(request, http::status::method_not_allowed, "JSON-RPC 2.0: POST a request to this address\n");
    if (!take_token(address)) {
        ++counters.requests_throttled;
        co_return text_response(request, http::status::too_many_requests, "too many requests from this address; slow down\n");
    }
    Response out{http::status::ok, request.version()};
    out.set(http::field::content_type, "application/json");
    out.keep_alive(request.keep_alive());
    Node node(*actors, address.to_string(), [&held](std::uint64_t bytes) { return held.take_ahead(bytes); });
    out.body() = co_await dispatch(node, request.body());
    out.prepare_payload();
    co_return out;
}

}  // namespace rondo::rpc
