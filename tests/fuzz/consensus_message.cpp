#include "messages/wire/consensus.hpp"
#include "round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    rondo::fuzz::round_trip<rondo::ConsensusMessage>({data, size});
    rondo::fuzz::round_trip<rondo::FinalBlock>({data, size});
    return 0;
}
