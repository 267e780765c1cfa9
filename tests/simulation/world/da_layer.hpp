#pragma once
#include <vector>

#include "messages/wire/requests.hpp"

namespace rondo::sim {

/// The data-availability layer that all nodes share: an append-only list of blobs in the order of the chain. What does not
/// continue the list is refused; the same range again is answered with what lies there.
class DaLayer {
  public:
    [[nodiscard]] Bytes handle(ByteView request);

    struct Blob {
        Posting posting;
        Bytes bytes;
    };
    [[nodiscard]] const std::vector<Blob>& blobs() const { return blobs_; }

  private:
    [[nodiscard]] DaSubmitted submit(const DaSubmit& blob);
    [[nodiscard]] DaListed list(Height from) const;

    std::vector<Blob> blobs_;
};

}  // namespace rondo::sim
