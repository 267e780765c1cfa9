#include "actors/intake/rpc/server.hpp"

#include "actors/intake/rpc/asio.hpp"

#pragma push_macro("require")
#undef require
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#pragma pop_macro("require")
#include <chrono>
#include <thread>

#include "actors/intake/rpc/dispatch.hpp"
#include "cluster/bus/context.hpp"
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

/// What one address has used up lately.
struct Caller {
    std::size_t connections = 0;
    double tokens = 0;
    Steady::time_point refilled = Steady::now();
};

Response text_response(const http::request<http::string_body>& request, http::status status, std::string text) {
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
    asio::awaitable<Response> respond(const http::request<http::string_body>& request, const asio::ip::address& address);
    bool admit(const asio::ip::address& address);
    bool take_token(const asio::ip::address& address);
    void leave(const asio::ip::address& address);

    RpcConfig config;
    // Before io: open connections count themselves out when io destroys their coroutines.
    std::map<asio::ip::address, Caller> callers;
    std::size_t connections = 0;
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
    if (connections >= config.limits.connections_max) return false;
    const double burst = 2.0 * static_cast<double>(config.limits.requests_per_second_per_address);
    Caller& caller = callers.try_emplace(address, Caller{0, burst, Steady::now()}).first->second;
    if (caller.connections >= config.limits.connections_per_address_max) return false;
    ++caller.connections;
    ++connections;
    return true;
}

void RpcServer::Impl::leave(const asio::ip::address& address) {
    --connections;
    const auto it = callers.find(address);
    require(it != callers.end() && it->second.connections > 0, "a connection left that never came");
    if (--it->second.connections == 0 && callers.size() > config.limits.connections_max) callers.erase(it);
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
    for (;;) {
        http::request_parser<http::string_body> parser;
        parser.body_limit(config.limits.body_bytes_max);
        parser.header_limit(static_cast<std::uint32_t>(config.limits.header_bytes_max));
        stream.expires_after(std::chrono::milliseconds(timeout_ms));
        co_await http::async_read(stream, buffer, parser, asio::redirect_error(asio::use_awaitable, error));
        Response response;
        if (error) {
            auto refusal = refusal_of(error, config.limits);
            if (!refusal) break;
            response = std::move(*refusal);
        } else {
            stream.expires_never();  // answering has a deadline of its own, for every actor that is asked
            response = co_await respond(parser.get(), address);
        }
        const bool keep = response.keep_alive();
        stream.expires_after(std::chrono::milliseconds(config.limits.idle_timeout_ms));
        co_await http::async_write(stream, response, asio::redirect_error(asio::use_awaitable, error));
        if (error || !keep) break;
        timeout_ms = config.limits.idle_timeout_ms;
    }
    stream.socket().shutdown(tcp::socket::shutdown_send, error);
    co_await swallow_rest(stream, config.limits);
}

asio::awaitable<Response> RpcServer::Impl::respond(const http::request<http::string_body>& request,
                                                   const asio::ip::address& address) {
    if (request.method() != http::verb::post)
        co_return text_response(request, http::status::method_not_allowed, "JSON-RPC 2.0: POST a request to this address\n");
    if (!take_token(address))
        co_return text_response(request, http::status::too_many_requests, "too many requests from this address; slow down\n");
    Response out{http::status::ok, request.version()};
    out.set(http::field::content_type, "application/json");
    out.keep_alive(request.keep_alive());
    Node node(*actors, address.to_string());
    out.body() = co_await dispatch(node, request.body());
    out.prepare_payload();
    co_return out;
}

}  // namespace rondo::rpc
