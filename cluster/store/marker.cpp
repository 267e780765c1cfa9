#include "cluster/store/marker.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "cluster/store/environment.hpp"

namespace rondo::store {
namespace {

constexpr std::string_view file_name = "synced";

std::string boot_id() {
    std::ifstream in("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(in, id);
    return id;
}

}  // namespace

Marker::State Marker::read(const std::filesystem::path& folder) {
    std::ifstream in(folder / file_name);
    if (!in) return State::absent;
    std::string boot, state;
    if (!(in >> boot >> state)) return State::unreadable;
    if (state == "clean") return State::clean;
    if (state != "dirty") return State::unreadable;
    return boot == boot_id() ? State::dirty_this_boot : State::dirty_other_boot;
}

Marker::Marker(std::filesystem::path folder) : folder_(std::move(folder)) {}

void Marker::set_dirty() { write(true); }
void Marker::set_clean() { write(false); }

void Marker::write(bool dirty) {
    if (dirty_ == dirty) return;
    const auto path = folder_ / file_name;
    const std::string text = boot_id() + (dirty ? " dirty\n" : " clean\n");
    const int file = ::open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    const bool written =
        file >= 0 && ::pwrite(file, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) && ::fdatasync(file) == 0;
    const int error = errno;
    if (file >= 0) ::close(file);
    if (!written)
        end_process(error == ENOSPC ? exit_code_disk_full : exit_code_failed,
                    "cannot write " + path.string() + ": " + std::strerror(error));
    dirty_ = dirty;
}

}  // namespace rondo::store
