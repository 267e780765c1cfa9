#include "messages/wire/requests.hpp"
#include "round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    rondo::fuzz::round_trip<rondo::IntakeRequest>({data, size});
    rondo::fuzz::round_trip<rondo::ConsensusRequest>({data, size});
    rondo::fuzz::round_trip<rondo::ExecutionRequest>({data, size});
    rondo::fuzz::round_trip<rondo::DaRequest>({data, size});
    rondo::fuzz::round_trip<rondo::BackendRequest>({data, size});
    rondo::fuzz::round_trip<rondo::RewardsRequest>({data, size});
    return 0;
}
