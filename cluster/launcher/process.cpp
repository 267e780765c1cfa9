#include "cluster/launcher/process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

namespace rondo {
namespace {

/// In the child, between fork and exec: only what is safe there.
[[noreturn]] void become(const char* program, char* const* arguments, int log, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);  // it died before the line above
    ::setpgid(0, 0);                        // Ctrl-C at the terminal is for the launcher alone
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, 0);
    ::dup2(log, 1);
    ::dup2(log, 2);
    ::execv(program, arguments);
    ::_exit(127);
}

}  // namespace

pid_t spawn(const std::filesystem::path& program, const std::vector<std::string>& arguments, const std::filesystem::path& log) {
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (out < 0) return -1;
    const std::string path = program.string();
    std::vector<std::string> copy{program.filename().string()};
    copy.insert(copy.end(), arguments.begin(), arguments.end());
    std::vector<char*> pointers;
    pointers.reserve(copy.size() + 1);
    for (std::string& argument : copy) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child == 0) become(path.c_str(), pointers.data(), out, parent);
    ::close(out);
    return child;
}

void rotate_log(const std::filesystem::path& log, std::uintmax_t bytes_max) {
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(log, error);
    if (error || size <= bytes_max) return;
    std::filesystem::copy_file(log, log.string() + ".1", std::filesystem::copy_options::overwrite_existing, error);
    std::filesystem::resize_file(log, 0, error);
}

std::string last_line(const std::filesystem::path& log) {
    constexpr std::uintmax_t tail_bytes = 4096;
    constexpr std::size_t line_bytes_max = 500;
    std::error_code error;
    const std::uintmax_t size = std::filesystem::file_size(log, error);
    std::ifstream file(log, std::ios::binary);
    if (error || !file) return {};
    file.seekg(static_cast<std::streamoff>(size - std::min(size, tail_bytes)));
    std::string last;
    for (std::string line; std::getline(file, line);)
        if (!line.empty()) last = line;
    return last.substr(0, line_bytes_max);
}

std::filesystem::path program_folder() {
    std::error_code error;
    return std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
}

}  // namespace rondo
