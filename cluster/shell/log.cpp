#include "cluster/shell/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <mutex>

namespace rondo::shell {
namespace {

std::mutex mutex;
std::string newest_error;
std::shared_ptr<spdlog::logger> logger;

spdlog::level::level_enum level_of(Level level) {
    switch (level) {
        case Level::debug:
            return spdlog::level::debug;
        case Level::info:
            return spdlog::level::info;
        case Level::warn:
            return spdlog::level::warn;
        case Level::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

}  // namespace

void open_log(Actor actor) {
    const std::lock_guard lock(mutex);
    const char* wanted = std::getenv("RONDO_LOG");
    logger = std::make_shared<spdlog::logger>(std::string(to_string(actor)), std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%Y-%m-%d %H:%M:%S.%e %-7l %n: %v");
    logger->set_level(wanted != nullptr && std::string_view(wanted) == "debug" ? spdlog::level::debug : spdlog::level::info);
}

void log(Level level, std::string_view text) {
    const std::lock_guard lock(mutex);
    if (level == Level::error) newest_error = text;
    if (logger) logger->log(level_of(level), "{}", text);
}

std::string last_error() {
    const std::lock_guard lock(mutex);
    return newest_error;
}

}  // namespace rondo::shell
