#include "messages/wire/execution.hpp"
#include "round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    rondo::fuzz::round_trip<rondo::ExecutedBlock>({data, size});
    rondo::fuzz::round_trip<rondo::Posting>({data, size});
    return 0;
}
