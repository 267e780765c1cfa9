#include "messages/wire/requests.hpp"
#include "round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    rondo::fuzz::round_trip<rondo::IntakeReply>({data, size});
    rondo::fuzz::round_trip<rondo::ConsensusReply>({data, size});
    rondo::fuzz::round_trip<rondo::ExecutionReply>({data, size});
    rondo::fuzz::round_trip<rondo::DaReply>({data, size});
    rondo::fuzz::round_trip<rondo::BackendReply>({data, size});
    rondo::fuzz::round_trip<rondo::RewardsReply>({data, size});
    return 0;
}
