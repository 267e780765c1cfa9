#include "cluster/bus/protocol.hpp"
#include "round_trip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    rondo::fuzz::round_trip<rondo::bus::Envelope>({data, size});
    rondo::fuzz::round_trip<rondo::bus::ChunkHeader>({data, size});
    rondo::fuzz::round_trip<rondo::bus::Announcement>({data, size});
    rondo::fuzz::round_trip<rondo::bus::ReplayRequest>({data, size});
    rondo::fuzz::round_trip<rondo::bus::CursorReport>({data, size});
    rondo::fuzz::round_trip<rondo::ActorStatus>({data, size});
    return 0;
}
