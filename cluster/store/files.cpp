#include "cluster/store/files.hpp"

#include <cryptopp/crc.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <optional>
#include <vector>

namespace rondo::store {
namespace {

constexpr std::size_t seal_bytes = 4;
using Seal = std::array<char, seal_bytes>;

/// CRC-32C; nothing if they cannot be read.
std::optional<Seal> checksum_of_first(const std::filesystem::path& path, std::uintmax_t bytes) {
    std::vector<char> piece(1 << 20);
    CryptoPP::CRC32C crc;
    std::ifstream in(path, std::ios::binary);
    for (std::uintmax_t left = bytes; left > 0;) {
        const auto size = static_cast<std::size_t>(std::min<std::uintmax_t>(left, piece.size()));
        if (!in.read(piece.data(), static_cast<std::streamsize>(size))) return std::nullopt;
        crc.Update(reinterpret_cast<const CryptoPP::byte*>(piece.data()), size);
        left -= size;
    }
    Seal out{};
    crc.TruncatedFinal(reinterpret_cast<CryptoPP::byte*>(out.data()), out.size());
    return out;
}

}  // namespace

int sync_file(const std::filesystem::path& path) {
    const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (file < 0) return errno;
    const int error = ::fsync(file) == 0 ? 0 : errno;
    ::close(file);
    return error;
}

int finish(const std::filesystem::path& path) {
    if (const int error = sync_file(unfinished(path))) return error;
    std::error_code error;
    std::filesystem::rename(unfinished(path), path, error);
    return error ? error.value() : sync_file(path.parent_path());
}

int seal(const std::filesystem::path& path) {
    errno = 0;
    std::error_code error;
    const std::uintmax_t bytes = std::filesystem::file_size(path, error);
    const auto seal = error ? std::nullopt : checksum_of_first(path, bytes);
    std::ofstream out(path, std::ios::binary | std::ios::app);
    if (!seal || !out.write(seal->data(), seal->size()).flush()) return errno != 0 ? errno : EIO;
    return 0;
}

bool is_sealed(const std::filesystem::path& path) {
    std::error_code error;
    const std::uintmax_t bytes = std::filesystem::file_size(path, error);
    if (error || bytes < seal_bytes) return false;
    Seal found{};
    std::ifstream in(path, std::ios::binary);
    in.seekg(static_cast<std::streamoff>(bytes - seal_bytes));
    return in.read(found.data(), found.size()) && checksum_of_first(path, bytes - seal_bytes) == found;
}

int copy_sealed(const std::filesystem::path& from, const std::filesystem::path& to) {
    std::error_code error;
    std::filesystem::copy_file(from, unfinished(to), std::filesystem::copy_options::overwrite_existing, error);
    if (!error) std::filesystem::resize_file(unfinished(to), std::filesystem::file_size(from) - seal_bytes, error);
    return error ? error.value() : finish(to);
}

}  // namespace rondo::store
