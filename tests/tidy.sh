#!/usr/bin/env bash
# The rules of the house that a compiler does not check: the shape of the top level, the layers, what a core may
# include, folder READMEs, line and file length.
set -uo pipefail
cd "$(dirname "$0")/.."
bad=0
complain() { [ -z "$2" ] && return; printf '%s\n%s\n\n' "$1" "$2"; bad=1; }

files() { git ls-files --cached --others --exclude-standard -- "$@"; }
code() { files '*.cpp' '*.hpp'; }

complain 'At the top level, outside the agreed shape:' \
  "$(git ls-files --cached --others --exclude-standard | cut -d/ -f1 | sort -u | grep -Ev '^(CMakeLists\.txt|actors|messages|cluster|deploy|tests|bench|README\.md|LICENSE|\..*)$')"

complain 'A core includes what only a shell may:' \
  "$(files 'actors/*/core/*' | grep -E '\.[ch]pp$' | xargs -r grep -nHE '#include <(zmq|lmdb|thread|mutex|fstream|filesystem|iostream|random|ctime|unistd|sys/)|#include "cluster/(store|bus|shell|config|launcher|cli)')"
complain 'A core reads a clock, a random source, or iterates an unordered container:' \
  "$(files 'actors/*/core/*' | grep -E '\.[ch]pp$' | xargs -r grep -nHE 'system_clock|steady_clock|random_device|mt19937|std::rand\b|std::unordered_(map|set)<' | grep -v 'looked up, never iterated')"
complain 'messages/ includes nothing of ours from above:' "$(files 'messages/*' | grep -E '\.[ch]pp$' | xargs -r grep -nHE '#include "(cluster|actors)/')"
complain 'cluster/ includes an actor outside cli/:' "$(files 'cluster/*' | grep -E '\.[ch]pp$' | grep -v '^cluster/cli/' | xargs -r grep -nHE '#include "actors/')"
for actor in intake consensus execution da watcher rewards; do
  complain "$actor includes another actor:" "$(files "actors/$actor/*" | grep -E '\.[ch]pp$' | xargs -r grep -nHE '#include "actors/' | grep -v "\"actors/$actor/")"
done

complain 'Longer than 130 columns:' "$(code | LC_ALL=C.UTF-8 xargs -r grep -nE '^.{131,}' | cut -c1-60 | head -20)"
complain 'Longer than 600 lines (split by meaning):' "$(code | xargs -r wc -l | awk '$1 > 600 && $2 != "total" { print $2 ": " $1 }')"
complain 'A folder without its README:' \
  "$(for d in $(files 'actors/*' 'cluster/*' 'messages/*' | grep -E '\.[ch]pp$' | xargs -rn1 dirname | sort -u); do [ -f "$d/README.md" ] || [ -f "$(dirname "$d")/README.md" ] || echo "$d"; done)"
complain 'Left over:' "$(code | xargs -r grep -nHE '\b(TODO|FIXME|XXX|HACK)\b' | head -20)"
complain 'A test that waits by sleeping:' "$(files 'tests/*' | grep -E '\.(cpp|hpp|sh)$' | grep -v '^tests/tidy.sh$' | xargs -r grep -nHE 'sleep_for|usleep\(|\bsleep [0-9]' | head -20)"

[ "$bad" -eq 0 ] && echo 'tidy'
exit "$bad"
