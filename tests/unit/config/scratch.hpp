#pragma once
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace rondo::test {

/// A folder of this test alone, gone with it.
class Scratch : public ::testing::Test {
  protected:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "rondo-config.XXXXXX").string();
        folder_ = ::mkdtemp(name.data()) == nullptr ? std::filesystem::path() : std::filesystem::path(name);
    }
    ~Scratch() override { std::filesystem::remove_all(folder_); }

    [[nodiscard]] std::filesystem::path path(const std::string& name) const { return folder_ / name; }
    std::filesystem::path write(const std::string& name, const std::string& content) const {
        std::ofstream(path(name)) << content;
        return path(name);
    }
    [[nodiscard]] static std::string content(const std::filesystem::path& file) {
        std::ostringstream out;
        out << std::ifstream(file).rdbuf();
        return out.str();
    }

  private:
    std::filesystem::path folder_;
};

/// `text` with the first `from` replaced, which must be there.
inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << "not found: " << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

}  // namespace rondo::test
