#!/usr/bin/env bash
# Installs what is missing and builds into build/ (or $RONDO_BUILD_DIR). Arguments: the targets to build; none means all.
set -euo pipefail
cd "$(dirname "$0")/.."
./deploy/install.sh
build=${RONDO_BUILD_DIR:-build}
[ -f "$build/build.ninja" ] || cmake -S . -B "$build" -G Ninja ${RONDO_CMAKE_FLAGS:-} >/dev/null
if [ $# -gt 0 ]; then cmake --build "$build" --target "$@"; else cmake --build "$build"; fi
