#pragma once
#include <sys/mman.h>
#include <unistd.h>

#include <filesystem>

#include "messages/base/bytes.hpp"
#include "messages/base/require.hpp"

namespace rondo::fuzz {

/// A file in memory for readers that take a path or a descriptor. One per process: it is filled anew for every input.
class InputFile {
  public:
    InputFile() : descriptor_(::memfd_create("input", 0)) { require(descriptor_ >= 0, "no file in memory"); }
    ~InputFile() { ::close(descriptor_); }
    InputFile(const InputFile&) = delete;
    InputFile& operator=(const InputFile&) = delete;

    void hold(ByteView content) {
        const bool held = ::ftruncate(descriptor_, 0) == 0 &&
                          ::pwrite(descriptor_, content.data(), content.size(), 0) == static_cast<ssize_t>(content.size());
        require(held, "the file in memory was not filled");
    }
    [[nodiscard]] int descriptor() const { return descriptor_; }
    [[nodiscard]] std::filesystem::path path() const { return "/proc/self/fd/" + std::to_string(descriptor_); }

  private:
    int descriptor_;
};

}  // namespace rondo::fuzz
