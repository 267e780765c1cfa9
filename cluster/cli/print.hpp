#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "cluster/cli/json.hpp"

/// What all commands print with.
namespace rondo::cli {

/// The exit codes of `rondo`.
enum Exit : int {
    exit_done = 0,
    exit_no = 1,           ///< the answer is no
    exit_usage = 2,        ///< wrong usage, or a wrong file
    exit_unreachable = 3,  ///< nobody there to ask
    exit_timed_out = 4,
    exit_not_yet = 5,  ///< there is nothing yet that could be measured
};

enum class Colour { plain, green, yellow, red, dim };
/// Only on a terminal, and only if NO_COLOR is not set.
[[nodiscard]] std::string coloured(Colour colour, const std::string& text);

struct Cell {
    std::string text;
    Colour colour = Colour::plain;
    bool to_right = false;
};
[[nodiscard]] Cell number_cell(std::uint64_t value);

/// Columns as wide as their widest cell, two spaces apart.
class Table {
  public:
    void header(const std::vector<std::string>& names);
    void row(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
    [[nodiscard]] std::string text() const;

  private:
    std::vector<std::vector<Cell>> rows_;
};

/// A bar on stderr while long work goes on; nothing where stderr is no terminal.
class Progress {
  public:
    explicit Progress(std::string label, bool quiet = false);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    /// `fraction` from 0 to 1; redrawn at most ten times a second.
    void show(double fraction, const std::string& note);

  private:
    std::string label_;
    bool on_;
    std::chrono::steady_clock::time_point drawn_;
};

void print_line(const std::string& text);
void print_json(const JsonValue& value);
/// Says on stderr what went wrong and returns the code.
[[nodiscard]] int fail(Exit code, const std::string& message);

}  // namespace rondo::cli
