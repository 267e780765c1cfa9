#!/usr/bin/env bash
# clang_tidy.sh BUILD FILE: clang-tidy over one source, as BUILD compiles it; a finding is an error. What was clean is not checked
# again: a stamp in BUILD/tidy is named by the hash of everything that the outcome hangs on,
# which is the preprocessed text (with its comments, for NOLINT, and its macros), what .clang-tidy says and the version of the tool.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$(realpath "$1") file=$2

# Without the precompiled header: a check visits all that is included, and most sources include a small part of it.
flags=$(jq -er --arg file "$PWD/$file" 'first(.[] | select(.file == $file)).command' "$build/compile_commands.json" |
  sed -E 's/^[^ ]+//; s/ -Xclang -include(-pch)? -Xclang [^ ]+//g; s/ -Winvalid-pch//; s/ -o .*//') ||
  { echo "$file: not in $build/compile_commands.json"; exit 1; }
# The analyzer follows every path through a function, which is half of the time; a test takes its own.
checks=()
[[ $file != tests/* ]] || checks=(--checks=-clang-analyzer-*)
# A path says nothing: another clone has the same hashes.
preprocess() { eval "clang++-14 $flags -E -P -C -dD $file" | sed "s#$build#build#g; s#$PWD#.#g"; }
inputs() { clang-tidy-14 --version && clang-tidy-14 --dump-config "${checks[@]}" "$file" -- && preprocess; }

hash=$(inputs | sha256sum)
stamp=$build/tidy/${hash%% *}
[ -e "$stamp" ] && exit
eval "clang-tidy-14 --quiet ${checks[*]} $file -- $flags"
mkdir -p "$build/tidy"
touch "$stamp"
