#!/usr/bin/env bash
# Checks the view rules of consensus with spin: the rules as they are hold in every state, each mutant does harm, and what
# should be able to happen can. Prints states, depth, memory and processor seconds of each check, and the shortest trace to
# each harm.
#   ./tests/model/run.sh          the bound of the fast tier
#   ./tests/model/run.sh --long   and the larger ones, in some minutes
set -uo pipefail
cd "$(dirname "$0")/../.."
[ $# -eq 0 ] || [ "$*" = --long ] || { echo "usage: tests/model/run.sh [--long]" >&2; exit 2; }
command -v spin >/dev/null || ./deploy/install.sh spin || exit 1

model=simplex.pml
memory_mib=4096
depth_max=1000 # far above the longest run; is_complete makes sure
work=$(mktemp -d)
export TMPDIR=$work # for what the compiler leaves behind when it is interrupted
trap 'rm -rf "$work"' EXIT
cp "tests/model/$model" "$work/" && cd "$work" || exit 1
failed=0
TIMEFORMAT=%U # seconds of processor time: the machine may have other work

fail() { printf '  FAILED: %s\n' "$1"; tail -n 20 out; failed=1; }

# search FLAGS MACROS...: makes spin's verifier for the model so defined, with these compiler flags, and runs it. It writes ./out.
search() {
  local flags=$1
  shift
  rm -f pan seconds "$model.trail"
  # shellcheck disable=SC2086
  spin -a "${@/#/-D}" "$model" >out 2>&1 && gcc -w -DSAFETY -DMEMLIM="$memory_mib" $flags -o pan pan.c >>out 2>&1 &&
    { time ./pan -m"$depth_max" >>out 2>&1; } 2>seconds
}

summary() {
  printf '%-66s %8s states, depth %2s, %4.0f MiB, %s s\n' "$1" "$(awk '/states, stored/ { print $1 }' out)" \
    "$(sed -nE 's/.*depth reached ([0-9]+).*/\1/p' out)" "$(awk '/total actual memory/ { print $1 }' out)" \
    "$(cat seconds 2>/dev/null)"
}

is_complete() {
  grep -q '^Full statespace search' out && grep -q 'assertion violations.*+' out && grep -q 'errors: 0' out &&
    ! grep -qiE 'not completed|depth too small|out of memory|memory limit|truncated|hash.?compact|bit.?state' out
}

trace() {
  [ ! -f "$model.trail" ] || spin -t "${@/#/-D}" "$model" | sed -nE 's/^ *(replica|end of)/      \1/p'
}

# holds NAME MACROS...: no reachable state breaks an assertion, and every one was looked at.
holds() {
  local name=$1
  shift
  search "-O1 -DNOREDUCE" "$@"
  summary "$name"
  is_complete && return
  fail "an error, or a search that did not finish"
  trace "$@"
}

# breaks NAME EXPECTED MACROS...: an assertion called EXPECTED (a pattern) breaks. Breadth first: the shortest trace.
breaks() {
  local name=$1 expected=$2 found
  shift 2
  search "-O0 -DNOREDUCE -DBFS" "$@"
  found=$(sed -nE 's/.*assertion violated +!\(*([a-z_]+).*/\1/p' out)
  summary "$name: ${found:-nothing found}"
  [[ $found =~ ^($expected)$ ]] || fail "expected $expected"
  trace "$@"
}

four=REPLICAS=4
holds "4 replicas, 3 views, every interleaving" $four VIEWS=3 ALIKE
holds "4 replicas, 6 views, view by view" $four VIEWS=6 BY_VIEW ALIKE
if [ "$*" = --long ]; then
  holds "7 replicas, 2 views, every interleaving" REPLICAS=7 VIEWS=2 ALIKE
  holds "7 replicas, 6 views, view by view" REPLICAS=7 VIEWS=6 BY_VIEW ALIKE
fi

# Views one by one must not hide the harm either.
for way in BY_VIEW ""; do
  echo "mutants, ${way:-every interleaving}"
  breaks "4: finalize after nullify" view_both_nullified_and_final $four VIEWS=3 $way MUTANT_FINALIZE_AFTER_NULLIFY
  breaks "5: nullify after finalize" view_both_nullified_and_final $four VIEWS=3 $way MUTANT_NULLIFY_AFTER_FINALIZE
  breaks "3: two digests notarized" two_digests_in_a_view $four VIEWS=3 $way MUTANT_NOTARIZE_TWICE
  breaks "3: a parent over views not nullified" final_block_left_out $four VIEWS=3 $way MUTANT_SKIP_WITHOUT_NULLIFICATION
  breaks "q one too low" '[a-z_]+' $four VIEWS=3 $way MUTANT_QUORUM_OFF_BY_ONE
done
# This one asks more of an earlier view than its certificates: beyond what views one by one is sound for.
breaks "3: a parent not notarized" final_block_left_out $four VIEWS=3 MUTANT_PARENT_NOT_NOTARIZED

echo "what can happen"
breaks "the last view is final" witness $four VIEWS=3 WITNESS_FINAL_AT_LAST_VIEW
breaks "a final block skips a nullified view" witness $four VIEWS=3 WITNESS_FINAL_OVER_NULLIFIED
breaks "a view has both certificates, its block is left out" witness $four VIEWS=3 WITNESS_BOTH_AND_LEFT_OUT
breaks "a view has both certificates, its block is built on" witness $four VIEWS=3 WITNESS_BOTH_AND_BUILT_ON
breaks "split votes, and one block is final" witness $four VIEWS=3 WITNESS_FINAL_DESPITE_SPLIT
breaks "the last view is final, 6 views" witness $four VIEWS=6 BY_VIEW WITNESS_FINAL_AT_LAST_VIEW

[ "$failed" -eq 0 ] && echo "the rules hold"
exit "$failed"
