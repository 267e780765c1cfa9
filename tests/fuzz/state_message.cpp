#include "messages/wire/snapshot.hpp"
#include "round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    rondo::fuzz::round_trip<rondo::StateMessage>({data, size});
    rondo::fuzz::round_trip<rondo::Carried>({data, size});
    return 0;
}
