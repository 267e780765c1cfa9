# Sourced by run.sh --all, after the fast tier: what takes too long for every change, and must hold before a release.

# The tests that make sense in every build: no clusters of processes, and of the simulator what is quick.
quick_simulation=(simulation_shell simulation_agreement simulation_sets simulation_twins_sample)
unit_tests=()
for program in "$build"/tests/unit_*; do unit_tests+=("$(basename "$program")"); done

# run_in VARIANT NAME [WRAPPER...]
run_in() {
  local variant=$1 name=$2
  shift 2
  run_program "$variant:$name" "$build-$variant/tests/$name" "$@"
}

# 1. The other compiler: everything, without a warning.
if run_script clang:build build_variant clang ''; then
  for name in "${unit_tests[@]}" "${quick_simulation[@]}" simulation_mutants; do run_in clang "$name"; done
  run_script clang:seeds "$build-clang/bin/rondo-sim" --seeds 1..50
fi

# 2. clang-tidy over every source, by the build of clang. Findings are errors (.clang-tidy).
tidy_folder() {
  git ls-files --cached --others --exclude-standard -- "$1/*.cpp" | grep -v '^tests/fuzz/' |  # those are no part of this build
    xargs -P "$(nproc)" -n 1 ./tests/clang_tidy.sh "$build-clang"
}
if run_script clang-tidy:install ./deploy/install.sh clang-tidy-14; then
  for folder in messages cluster actors tests bench; do run_script "clang-tidy:$folder" tidy_folder "$folder"; done
fi

# 3. Addresses and undefined behaviour, leaks included.
if run_script asan:build build_variant asan -DRONDO_SANITIZE_ADDRESS=ON "${unit_tests[@]}" "${quick_simulation[@]}" rondo-sim; then
  for name in "${unit_tests[@]}" "${quick_simulation[@]}"; do run_in asan "$name"; done
  run_script asan:seeds "$build-asan/bin/rondo-sim" --seeds 1..30
fi

# 4. Threads, where there are any: the shell with its workers, the sockets, the JSON-RPC server, the reader of the DA layer, and
# what crypto shares between threads. The sanitizer needs the memory layout that it was made for: no randomisation of addresses.
# The tests of the shell fork their actors, so a race in one must end it to be noticed. It cannot follow a fork of a process that
# has threads: an actor that is started while a client is open is not checked, and never gets its SIGTERM. The four tests that
# send it one are left out.
threaded=(unit_bus unit_shell unit_rpc unit_da unit_messages)
forks_with_threads='Peers.HearEachOtherOnEveryChannelAlsoAfterOneWasKilled:Streams.ReachADerivedSubscriberAcrossItsDeath'
forks_with_threads+=':Streams.LoseAndDoubleNothingWhenEitherSideIsKilled:Streams.OfARolledBackPublisherAreHeardFromTheStart'
tsan_options="halt_on_error=1 die_after_fork=0 ignore_noninstrumented_modules=1 suppressions=$PWD/tests/tsan.supp"
if run_script tsan:build build_variant tsan -DRONDO_SANITIZE_THREAD=ON "${threaded[@]}"; then
  for name in "${threaded[@]}"; do
    run_in tsan "$name" env TSAN_OPTIONS="$tsan_options" GTEST_FILTER="-$forks_with_threads" setarch "$(uname -m)" -R
  done
fi

# 5. A thousand further seeds.
further_seeds() {
  seq 1001 50 1951 | xargs -P "$(nproc)" -I{} bash -c '"$0" --seeds {}..$(({} + 49)) --twice' "$build/bin/rondo-sim"
}
run_script seeds:1001..2000 further_seeds

# 6. A tenth of the twins' scenarios (all of them: rondo-sim --twins all), and larger networks as others recorded them.
run_script twins "$build/bin/rondo-sim" --twins all --every 10
run_script recorded:20 "$build/bin/rondo-sim" --seeds 1..20 --nodes 20 --stakes cosmos --latencies aws
run_script recorded:100 "$build/bin/rondo-sim" --seeds 1 --nodes 100 --stakes solana --latencies cities

# 7. Scenarios with real processes that take longer, or a network of their own.
long_scenarios

# 8. Longer fuzzing, from what earlier runs have found.
fuzz_for_long() {
  find "$build-fuzz/fuzz" -maxdepth 1 -name 'fuzz_*' -type f -executable -printf '%f\n' |
    xargs -P "$(nproc)" -n 1 ./tests/fuzz/run.sh "$build-fuzz" 60
}
run_script fuzz:build-all build_fuzzers fuzzers && run_script fuzz:long fuzz_for_long
