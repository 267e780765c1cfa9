#include "messages/wire/batch.hpp"
#include "round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    rondo::fuzz::round_trip<rondo::LaneMessage>({data, size});
    rondo::fuzz::round_trip<rondo::BatchRecord>({data, size});
    rondo::fuzz::round_trip<rondo::Payload>({data, size});
    return 0;
}
