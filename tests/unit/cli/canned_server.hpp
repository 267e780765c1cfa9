#pragma once
#include <functional>
#include <string>
#include <thread>

namespace rondo::test {

/// An HTTP server of one thread that answers every POST with what a function makes of its body.
class CannedServer {
  public:
    struct Reply {
        int status = 200;
        std::string body;
    };
    explicit CannedServer(std::function<Reply(const std::string& body)> answer);
    ~CannedServer();
    CannedServer(const CannedServer&) = delete;
    CannedServer& operator=(const CannedServer&) = delete;
    [[nodiscard]] const std::string& url() const { return url_; }

  private:
    void serve();
    void answer_one(int connection);
    std::function<Reply(const std::string&)> answer_;
    int listener_;
    std::string url_;
    std::thread thread_;
};

}  // namespace rondo::test
