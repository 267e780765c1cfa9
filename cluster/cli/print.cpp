#include "cluster/cli/print.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace rondo::cli {
namespace {

/// Characters, not bytes: continuation bytes of UTF-8 take no room.
std::size_t width_of(const std::string& text) {
    return static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

bool colours_on() {
    static const bool on = ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
    return on;
}

}  // namespace

std::string coloured(Colour colour, const std::string& text) {
    constexpr const char* codes[] = {"", "\033[32m", "\033[33m", "\033[31m", "\033[2m"};
    if (colour == Colour::plain || !colours_on()) return text;
    return codes[static_cast<std::size_t>(colour)] + text + "\033[0m";
}

Cell number_cell(std::uint64_t value) { return {std::to_string(value), Colour::plain, true}; }

void Table::header(const std::vector<std::string>& names) {
    std::vector<Cell> cells;
    cells.reserve(names.size());
    for (const std::string& name : names) cells.push_back({name, Colour::dim});
    rows_.insert(rows_.begin(), std::move(cells));
}

std::string Table::text() const {
    std::vector<std::size_t> widths;
    for (const auto& row : rows_) {
        widths.resize(std::max(widths.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i].text));
    }
    std::string out;
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            const std::string padding(widths[i] - width_of(row[i].text), ' ');
            const std::string cell = coloured(row[i].colour, row[i].text);
            line += row[i].to_right ? padding + cell : i + 1 < row.size() ? cell + padding : cell;
            if (i + 1 < row.size()) line += "  ";
        }
        out += line + "\n";
    }
    return out;
}

Progress::Progress(std::string label, bool quiet) : label_(std::move(label)), on_(!quiet && ::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
    if (on_) std::fprintf(stderr, "\r\033[K");
}

void Progress::show(double fraction, const std::string& note) {
    const auto now = std::chrono::steady_clock::now();
    if (!on_ || now - drawn_ < std::chrono::milliseconds(100)) return;
    drawn_ = now;
    constexpr std::size_t width = 30;
    const auto full = static_cast<std::size_t>(std::clamp(fraction, 0.0, 1.0) * static_cast<double>(width));
    const std::string bar = std::string(full, '#') + std::string(width - full, '.');
    std::fprintf(stderr, "\r\033[K%s [%s] %3.0f%% %s", label_.c_str(), bar.c_str(), fraction * 100, note.c_str());
    std::fflush(stderr);
}

void print_line(const std::string& text) {
    std::printf("%s\n", text.c_str());
    std::fflush(stdout);
}

void print_json(const JsonValue& value) { print_line(value.text); }

int fail(Exit code, const std::string& message) {
    std::fprintf(stderr, "rondo: %s\n", message.c_str());
    return code;
}

}  // namespace rondo::cli
