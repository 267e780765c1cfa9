#pragma once
#include "messages/wire/execution.hpp"
#include "tests/simulation/world/world.hpp"

namespace rondo::sim {

/// The owners of the operators: send what options().set_changes say, one after the other, each again and to another node until
/// it was executed.
class Registrar : public Observer {
  public:
    explicit Registrar(World& world);
    void start();
    void on_publish(NodeIndex node, Stream stream, std::uint64_t sequence, ByteView payload, bool again) override;

    /// All that was asked for has been executed.
    [[nodiscard]] bool is_done() const { return next_ == world_.options().set_changes.size(); }

  private:
    void begin();
    void pursue(std::size_t change);
    [[nodiscard]] Bytes call_of(const SetChange& change) const;

    World& world_;
    Random random_;
    std::size_t next_ = 0;  ///< the change under way
    std::vector<std::uint64_t> nonces_;
    Bytes raw_;
    Hash256 hash_{};
};

}  // namespace rondo::sim
