#include "cluster/cli/commands.hpp"

int main(int argc, char** argv) { return rondo::cli::run_command_line(argc, argv); }
