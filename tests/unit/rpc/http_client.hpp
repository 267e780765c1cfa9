#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace rondo::test {

struct HttpReply {
    unsigned status = 0;  ///< 0: the server closed without an answer
    std::string body;
};

/// One keep-alive connection to 127.0.0.1, from an address of the loopback network.
class HttpClient {
  public:
    explicit HttpClient(std::uint16_t port, const std::string& from = "127.0.0.1");
    ~HttpClient();
    HttpClient(HttpClient&&) noexcept;
    HttpReply post(const std::string& body);
    HttpReply get();
    /// Sends a request and parses the answer as JSON.
    nlohmann::json call(const std::string& method, nlohmann::json params);
    /// Sends bytes as they are and waits for the server to close or answer.
    HttpReply raw(const std::string& bytes);
    /// Sends bytes as they are.
    void say(const std::string& bytes);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace rondo::test
