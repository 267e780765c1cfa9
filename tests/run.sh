#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test. The last line is `N passed, N failed, N skipped`.
#   ./tests/run.sh            the fast tier: everything that must hold at every change
#   ./tests/run.sh NAME...    only the tests with these names, as it prints them
#   ./tests/run.sh --all      the fast tier, and then what all.sh adds: both compilers, sanitizers, more seeds, longer fuzzing, clang-tidy
set -uo pipefail
cd "$(dirname "$0")/.."
all=no
if [ "$*" = --all ]; then all=yes; shift; fi
for argument in "$@"; do
  [[ "$argument" != -* ]] || { echo "usage: tests/run.sh [--all | NAME...]   (names are those it prints)" >&2; exit 2; }
done
build=${RONDO_BUILD_DIR:-build}
export RONDO_BUILD_DIR=$build

command -v npm >/dev/null || ./deploy/install.sh npm  # for the wallet scenario
./deploy/build.sh || { echo "the build failed" >&2; echo "0 passed, 1 failed, 0 skipped"; exit 1; }

. tests/results.sh
. tests/builds.sh
wanted() { [ ${#only[@]} -eq 0 ] || [[ " ${only[*]} " == *" $1 "* ]]; }
only=("$@")

wanted tidy && run_script tidy ./tests/tidy.sh
wanted model && run_script model ./tests/model/run.sh
for program in "$build"/tests/*; do
  [ -x "$program" ] && [ -f "$program" ] || continue
  name=$(basename "$program")
  wanted "$name" && run_program "$name" "$program"
done

for script in tests/cluster/*.sh; do
  name=cluster_$(basename "$script" .sh)
  [ -x "$script" ] && wanted "$name" && run_script "$name" "$script"
done

# The long scenarios: of the fast tier only those that are named.
long_scenarios() {
  local script name
  for script in tests/cluster/long/*.sh; do
    name=cluster_$(basename "$script" .sh)
    wanted "$name" && run_script "$name" "$script"
  done
}
[ ${#only[@]} -eq 0 ] || long_scenarios

# All fuzz targets that are wanted, of those that were built now.
run_fuzzers() {
  local program name
  for program in "$build"-fuzz/fuzz/fuzz_*; do
    name=$(basename "$program")
    [ "$fuzzers" = fuzzers ] || [ "$name" != fuzz_rpc_request ] || continue
    [ -x "$program" ] && [ -f "$program" ] && wanted "$name" && run_script "$name" ./tests/fuzz/run.sh "$build"-fuzz 3 "$name"
  done
}
fuzzers=quick_fuzzers
wanted fuzz_rpc_request && [ ${#only[@]} -gt 0 ] && fuzzers=fuzzers
if [ ${#only[@]} -eq 0 ] || [[ " ${only[*]}" == *' fuzz_'* ]]; then
  run_script fuzz:build build_fuzzers "$fuzzers" && run_fuzzers
fi

[ "$all" = yes ] && . tests/all.sh  # shares the functions and the counts

echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
