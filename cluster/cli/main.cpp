#include <filesystem>
#include <new>

#include "cluster/cli/commands.hpp"
#include "cluster/cli/print.hpp"

/// What the operating system objects to is the caller's to mend, and told in a sentence.
int main(int argc, char** argv) {
    try {
        return rondo::cli::run_command_line(argc, argv);
    } catch (const std::filesystem::filesystem_error& error) {
        const std::string path = error.path1().empty() ? "a folder's name is empty; give --home DIR" : error.path1().string();
        return rondo::cli::fail(rondo::cli::exit_usage, path + ": " + error.code().message());
    } catch (const std::bad_alloc&) {
        return rondo::cli::fail(rondo::cli::exit_usage, "out of memory");
    }
}
