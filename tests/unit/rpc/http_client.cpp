#include "http_client.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace rondo::test {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

}  // namespace

struct HttpClient::Impl {
    asio::io_context io;
    asio::ip::tcp::socket socket{io};
    beast::flat_buffer buffer;

    HttpReply read() {
        http::response<http::string_body> response;
        boost::system::error_code error;
        http::read(socket, buffer, response, error);
        if (error) return {};
        return {response.result_int(), std::move(response.body())};
    }
    HttpReply send(http::verb verb, const std::string& body) {
        http::request<http::string_body> request{verb, "/", 11};
        request.set(http::field::host, "localhost");
        request.set(http::field::content_type, "application/json");
        request.body() = body;
        request.prepare_payload();
        boost::system::error_code error;
        http::write(socket, request, error);
        return read();  // also after a failed write: the server may have answered before it stopped listening
    }
};

HttpClient::HttpClient(std::uint16_t port, const std::string& from) : impl_(std::make_unique<Impl>()) {
    impl_->socket.open(asio::ip::tcp::v4());
    impl_->socket.set_option(asio::socket_base::receive_buffer_size(1 << 16));  // what is not read soon stays with the server
    impl_->socket.bind({asio::ip::make_address(from), 0});
    impl_->socket.connect({asio::ip::make_address("127.0.0.1"), port});
}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

HttpReply HttpClient::post(const std::string& body) { return impl_->send(http::verb::post, body); }
HttpReply HttpClient::get() { return impl_->send(http::verb::get, ""); }

nlohmann::json HttpClient::call(const std::string& method, nlohmann::json params) {
    const auto reply =
        post(nlohmann::json{{"jsonrpc", "2.0"}, {"id", 1}, {"method", method}, {"params", std::move(params)}}.dump());
    return nlohmann::json::parse(reply.body, nullptr, false);
}

HttpReply HttpClient::raw(const std::string& bytes) {
    say(bytes);
    return impl_->read();
}

void HttpClient::say(const std::string& bytes) {
    boost::system::error_code error;
    asio::write(impl_->socket, asio::buffer(bytes), error);
}

}  // namespace rondo::test
