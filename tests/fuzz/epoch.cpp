#include "messages/wire/epoch.hpp"

#include "round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    rondo::fuzz::round_trip<rondo::Genesis>({data, size});
    rondo::fuzz::round_trip<rondo::EpochContext>({data, size});
    return 0;
}
