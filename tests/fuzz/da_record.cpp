#include "actors/da/local/record.hpp"
#include "input_file.hpp"
#include "messages/codec/encode.hpp"
#include "messages/crypto/hash.hpp"

using namespace rondo;
using namespace rondo::da;

namespace {

fuzz::InputFile& file() {
    static fuzz::InputFile held;
    return held;
}

FoundRecord read(std::uint64_t offset, std::size_t file_bytes) {
    return read_record(file().descriptor(), offset, file_bytes, /*check_blob=*/true);
}

/// A segment of any bytes is read to an end, and never beyond it.
void scan(ByteView segment) {
    file().hold(segment);
    for (std::uint64_t offset = 0;;) {
        const FoundRecord found = read(offset, segment.size());
        require(found.state != RecordState::failed, "a file that can be read");
        if (found.state != RecordState::complete) return;
        require(found.next_offset > offset && found.next_offset <= segment.size(), "a record outside its file");
        offset = found.next_offset;
    }
}

/// A record comes back as it was written, and not at all once a byte of it has changed.
void write_and_damage(Posting posting, ByteView blob, std::size_t place) {
    posting.commitment = crypto::blake2b(blob);
    posting.bytes = blob.size();
    if (encode(posting).size() > record_meta_bytes_max) return;
    Bytes record = encode_record(posting, blob);
    file().hold(record);
    const FoundRecord found = read(0, record.size());
    require(found.state == RecordState::complete && found.posting == posting && found.next_offset == record.size(),
            "what was written does not come back");
    record[place % record.size()] ^= 0x40;
    scan(record);
    require(read(0, record.size()).state != RecordState::complete, "a changed byte went unnoticed");
}

}  // namespace

/// [place of the damage, 2 bytes][length of the meta, 2 bytes][meta][blob]
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const ByteView input(data, size);
    scan(input);
    if (size < 4) return 0;
    const std::size_t place = std::size_t{data[0]} << 8 | data[1];
    const std::size_t meta_bytes = std::min<std::size_t>(std::size_t{data[2]} << 8 | data[3], size - 4);
    if (const auto posting = decode<Posting>(input.subspan(4, meta_bytes)))
        write_and_damage(*posting, input.subspan(4 + meta_bytes), place);
    return 0;
}
