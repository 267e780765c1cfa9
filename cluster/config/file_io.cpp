#include "cluster/config/file_io.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cluster/config/key_file.hpp"

namespace rondo {
namespace {

constexpr std::size_t line_bytes_max = 4096;

/// Closes on every way out.
class Descriptor {
  public:
    explicit Descriptor(int fd) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() {
        if (fd_ >= 0) ::close(fd_);
    }
    [[nodiscard]] int get() const { return fd_; }
    [[nodiscard]] bool open() const { return fd_ >= 0; }

  private:
    int fd_;
};

std::string reason() { return std::strerror(errno); }

Configured<std::string> drain(const std::filesystem::path& path, int fd, std::size_t bytes_max) {
    std::string content;
    char buffer[1 << 16];
    for (;;) {
        const ssize_t got = ::read(fd, buffer, sizeof buffer);
        if (got == 0) return content;
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return config_error(path.string() + ": cannot be read: " + reason());
        content.append(buffer, static_cast<std::size_t>(got));
        if (content.size() > bytes_max)
            return config_error(path.string() + ": larger than " + std::to_string(bytes_max) + " bytes");
    }
}

Configured<void> put(const std::filesystem::path& path, int flags, mode_t mode, std::string_view content) {
    const Descriptor file(::open(path.c_str(), flags | O_WRONLY | O_CREAT | O_CLOEXEC, mode));
    if (!file.open()) {
        if (errno == EEXIST) return config_error(path.string() + ": exists already; move it away first, it is never overwritten");
        return config_error(path.string() + ": cannot be written: " + reason());
    }
    while (!content.empty()) {
        const ssize_t done = ::write(file.get(), content.data(), content.size());
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return config_error(path.string() + ": cannot be written: " + reason());
        content.remove_prefix(static_cast<std::size_t>(done));
    }
    if (::fsync(file.get()) != 0) return config_error(path.string() + ": cannot be synced: " + reason());
    return {};
}

}  // namespace

Configured<std::string> read_file(const std::filesystem::path& path, std::size_t bytes_max) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.open()) return config_error(path.string() + ": cannot be opened: " + reason());
    return drain(path, file.get(), bytes_max);
}

Configured<std::string> read_private_file(const std::filesystem::path& path, std::size_t bytes_max) {
    const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.open()) return config_error(path.string() + ": cannot be opened: " + reason());
    struct stat found {};
    if (::fstat(file.get(), &found) != 0) return config_error(path.string() + ": cannot be examined: " + reason());
    if ((found.st_mode & 077) != 0) {
        char mode[8];
        std::snprintf(mode, sizeof mode, "%04o", static_cast<unsigned>(found.st_mode & 07777));
        return config_error(path.string() + ": others can read this secret (mode " + mode + "); run: chmod 600 " + path.string());
    }
    if (found.st_uid != ::geteuid() && found.st_uid != 0)
        return config_error(path.string() + ": belongs to another user; run: chown " + std::to_string(::geteuid()) + " " +
                            path.string());
    return drain(path, file.get(), bytes_max);
}

Configured<void> create_private_file(const std::filesystem::path& path, std::string_view content) {
    return put(path, O_EXCL, 0600, content);
}

Configured<void> write_file(const std::filesystem::path& path, std::string_view content) {
    const std::filesystem::path beside = path.string() + ".new";
    if (auto done = put(beside, O_TRUNC, 0644, content); !done) return done;
    return rename_into_place(beside, path);
}

Configured<void> rename_into_place(const std::filesystem::path& from, const std::filesystem::path& to) {
    std::error_code error;
    std::filesystem::rename(from, to, error);
    if (error) return config_error(to.string() + ": cannot be replaced: " + error.message());
    return {};
}

Configured<void> make_private_folder(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::create_directories(path.parent_path(), error);
    if (error)
        return config_error(path.parent_path().string() + ": cannot be created: " + error.message() + "; choose another place");
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
        return config_error(path.string() + ": cannot be created: " + reason());
    struct stat found {};
    if (::lstat(path.c_str(), &found) != 0 || !S_ISDIR(found.st_mode)) return config_error(path.string() + ": is not a folder");
    if (found.st_uid != ::geteuid()) return config_error(path.string() + ": belongs to another user; choose another one");
    // Never changed by us: the path may be a mistake, and the folder somebody else's business.
    if ((found.st_mode & 077) != 0)
        return config_error(path.string() + ": others can enter this folder; run: chmod 700 " + path.string());
    return {};
}

Configured<std::string> read_line(int descriptor) {
    std::string line;
    for (char c = 0; line.size() < line_bytes_max;) {
        const ssize_t got = ::read(descriptor, &c, 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return config_error("file descriptor " + std::to_string(descriptor) + " cannot be read: " + reason());
        if (got == 0 || c == '\n') return line;
        line += c;
    }
    return config_error("file descriptor " + std::to_string(descriptor) + ": the line is too long");
}

Configured<std::string> prompt_secret(const std::string& prompt) {
    const Descriptor terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
    if (!terminal.open()) return config_error("no terminal to ask for the " + prompt + "; give a passphrase file or descriptor");
    const std::string text = prompt + ": ";
    termios before{};
    ::tcgetattr(terminal.get(), &before);
    termios quiet = before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(terminal.get(), TCSAFLUSH, &quiet);
    if (::write(terminal.get(), text.data(), text.size()) < 0) return config_error("the terminal cannot be written: " + reason());
    auto line = read_line(terminal.get());
    ::tcsetattr(terminal.get(), TCSAFLUSH, &before);
    if (::write(terminal.get(), "\n", 1) < 0) return config_error("the terminal cannot be written: " + reason());
    return line;
}

Configured<std::string> read_passphrase(const PassphraseSource& source, const std::string& purpose) {
    Configured<std::string> line = std::string();
    if (source.descriptor) {
        line = read_line(*source.descriptor);
    } else if (!source.file.empty()) {
        line = read_private_file(source.file, line_bytes_max);
        if (line) line->resize(std::min(line->find('\n'), line->size()));
    } else if (source.prompt) {
        line = prompt_secret(purpose);
    } else {
        return config_error("the " + purpose +
                            " is needed; give it with --passphrase-fd, --passphrase-file or keys.passphrase_file");
    }
    if (line && line->empty()) return config_error("the " + purpose + " is empty");
    return line;
}

}  // namespace rondo
