# Sourced by run.sh: builds beside the one of g++. Their folders stand beside its folder, $build.
# Each installs what only it needs.

# build_variant NAME "CMAKE FLAGS" TARGET...: into $build-NAME, by clang.
build_variant() {
  local name=$1 flags=$2
  shift 2
  ./deploy/install.sh clang-14 libclang-rt-14-dev &&
    RONDO_BUILD_DIR=$build-$name RONDO_CMAKE_FLAGS="-DCMAKE_C_COMPILER=clang-14 -DCMAKE_CXX_COMPILER=clang++-14 $flags" ./deploy/build.sh "$@"
}

# build_fuzzers TARGET: quick_fuzzers or fuzzers.
build_fuzzers() { build_variant fuzz -DRONDO_FUZZ=ON "$1"; }
