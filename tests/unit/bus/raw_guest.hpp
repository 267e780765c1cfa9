#pragma once
#include <string>

#include "operators.hpp"

namespace rondo::bus {

/// A stranger with a socket of its own instead of libzmq's, so that it can do what libzmq never would: CURVE by hand (RFC 26,
/// over ZMTP 3.0, RFC 23). Nothing blocks but what the I/O thread of the server answers by itself.
class RawGuest {
  public:
    /// Connected from an address of the loopback network; nothing is said yet.
    RawGuest(const Operator& server, Channel channel, const std::string& from = "127.0.0.1", const Keys& keys = {});
    ~RawGuest();
    RawGuest(RawGuest&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}
    RawGuest(const RawGuest&) = delete;
    RawGuest& operator=(const RawGuest&) = delete;

    /// Up to the server's READY; it is served meanwhile.
    [[nodiscard]] bool shakes_hands(Operator& server);
    /// One frame of a message, encrypted and ready for write().
    [[nodiscard]] Bytes frame(const Bytes& payload, bool more);
    /// How much of it the kernel took.
    std::size_t write(ByteView bytes);
    /// Takes what has come; false if the server has closed.
    [[nodiscard]] bool drain();

  private:
    [[nodiscard]] Bytes read_exactly(std::size_t count);
    [[nodiscard]] Bytes read_command();
    void say_hello();
    void say_initiate(const Bytes& welcome);

    int socket_;
    TransportKey server_key_{};
    Keys lasting_, brief_;         ///< C and C'
    TransportKey server_brief_{};  ///< S'
    std::uint64_t nonce_ = 0;
};

/// As the operators of the tests have it.
inline const Bytes genesis_tag{7, 0, 0, 0, 0, 0, 0, 0};

/// Writes all of it, a piece at a time, while the server is served.
[[nodiscard]] bool says(RawGuest& guest, Operator& server, const Bytes& bytes);
/// Shakes hands and says something on sync, once, as the server hears it.
[[nodiscard]] std::optional<PeerMessage> asks(RawGuest& guest, Operator& server);

}  // namespace rondo::bus
