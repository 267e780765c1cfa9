/* The view rules of consensus, numbered as in actors/consensus/core/simplex.hpp: replicas of equal stake, one in four of
 * them Byzantine. run.sh checks it exhaustively; README.md says what is left out and why that loses nothing.
 *
 *   REPLICAS=n   4 with one Byzantine, or 7 with two
 *   VIEWS=n      the bound: views 1 to n, at most 6
 *   BY_VIEW      all votes of a view before those of the next: few states, so many views
 *   ALIKE        explore one of the runs that differ only by which replica is which: fewer states, but a trace that nobody reads
 *   MUTANT_x     one rule broken: the checker must find the harm
 *   WITNESS_x    in place of safety, the claim that x never happens: the checker must refute it
 *
 * Reading order: what is signed, rules 1 to 7 as guards, the three votes as steps, claim() for what is asserted.
 */
#if REPLICAS == 4
#define BYZANTINE 1
#define HONEST 3
#else
#define BYZANTINE 2
#define HONEST 5
#endif
/* The honest are numbered from 0. The Byzantine have signed every vote there is; who gets which, and when, is their choice. */
#ifdef MUTANT_QUORUM_OFF_BY_ONE
#define QUORUM (REPLICAS - BYZANTINE - 1)
#else
#define QUORUM (REPLICAS - BYZANTINE)
#endif

/* Block 0 is genesis, of view 0. The leader of view v has signed two blocks, A(v) and B(v): every leader is modelled as a
 * Byzantine one, for an honest one does some of what that may. A block's number is above those of all earlier views. */
#define A(v) (2 * (v) - 1)
#define B(v) (2 * (v))
#define VIEW_OF(block) ((block + 1) / 2)
#define BLOCKS (2 * VIEWS + 1)

/* What the honest have signed, a bit for each vote. The network is these sets: what was sent stays, and a replica acts on any
 * part of it at any time or never (delay, loss, reordering, repetition). A crash takes nothing away: durable before sent. */
int signed_by[HONEST];
byte parent[BLOCKS]; /* of a block that somebody honest notarized; of others it may be anything still */

#define VOTES_PER_VIEW 5
#define ABOVE(v) (VOTES_PER_VIEW * (v)) /* the votes of later views start here */
#define NOTARIZE(block) (ABOVE(VIEW_OF(block) - 1) + (block + 1) % 2)
#define FINALIZE(block) (ABOVE(VIEW_OF(block) - 1) + 2 + (block + 1) % 2)
#define NULLIFY(v) (ABOVE(v - 1) + 4)
#define HAS(replica, vote) ((signed_by[replica] >> (vote)) & 1)
#define I_SENT(vote) HAS(_pid, vote)
#if HONEST == 3
#define STAKE(vote) (HAS(0, vote) + HAS(1, vote) + HAS(2, vote) + BYZANTINE)
#else
#define STAKE(vote) (HAS(0, vote) + HAS(1, vote) + HAS(2, vote) + HAS(3, vote) + HAS(4, vote) + BYZANTINE)
#endif

/* 4, 6, 7. q votes make a certificate. */
#define NOTARIZATION(block) (block == 0 || STAKE(NOTARIZE(block)) >= QUORUM)
#define NULLIFICATION(v) (STAKE(NULLIFY(v)) >= QUORUM)
#define FINALIZATION(block) (block == 0 || STAKE(FINALIZE(block)) >= QUORUM)
#define IS_FINAL(v) (FINALIZATION(A(v)) || FINALIZATION(B(v)))

/* What guards want to know of these certificates: derived, so that they cost no states. */
byte nullified;  /* the set of views with a Nullification */
byte final_view; /* the highest with a Finalization */

/* 1. Enter v on Notarization(v-1), Nullification(v-1) or any Finalization >= v-1. Jump forward freely. Entering signs nothing
 *    and a crash may undo it, so it is no step of its own: I am in any view that I may enter and that no vote of mine is above. */
#define MAY_ENTER(v) (v == 1 || NOTARIZATION(A(v - 1)) || NOTARIZATION(B(v - 1)) || NULLIFICATION(v - 1) || final_view >= v - 1)
#define IN_VIEW(v) ((signed_by[_pid] >> ABOVE(v)) == 0 && MAY_ENTER(v))

/* 3. Notarize at most one digest per view, on a parent that is notarized, with all views between nullified. */
#ifdef MUTANT_NOTARIZE_TWICE
#define NOTARIZED_NONE_IN(v) true
#else
#define NOTARIZED_NONE_IN(v) (!I_SENT(NOTARIZE(A(v))) && !I_SENT(NOTARIZE(B(v))))
#endif
#ifdef MUTANT_PARENT_NOT_NOTARIZED
#define IS_PARENT(p) (p == 0 || STAKE(NOTARIZE(p)) > BYZANTINE)
#else
#define IS_PARENT(p) NOTARIZATION(p)
#endif
#ifdef MUTANT_SKIP_WITHOUT_NULLIFICATION
#define NULLIFIED_BETWEEN(low, high) true
#else
#define NULLIFIED_BETWEEN(low, high) ((~nullified & ((1 << (high)) - (2 << (low)))) == 0)
#endif
#define MAY_FOLLOW(block, p) (IS_PARENT(p) && NULLIFIED_BETWEEN(VIEW_OF(p), VIEW_OF(block)))
#define MAY_HAVE_PARENT(block, p) (STAKE(NOTARIZE(block)) == BYZANTINE || parent[block] == p)

/* 4. Finalize(v) upon Notarization(v), if and only if I never sent Nullify(v). */
#ifdef MUTANT_FINALIZE_AFTER_NULLIFY
#define NEVER_NULLIFIED(v) true
#else
#define NEVER_NULLIFIED(v) (!I_SENT(NULLIFY(v)))
#endif

/* 5. Nullify(v) only while in v and only if I have not sent Finalize(v). Its causes may come at any time. */
#ifdef MUTANT_NULLIFY_AFTER_FINALIZE
#define NEVER_FINALIZED(v) true
#else
#define NEVER_FINALIZED(v) (!I_SENT(FINALIZE(A(v))) && !I_SENT(FINALIZE(B(v))))
#endif

/* Of a view's two blocks the one that is notarized first, if any is, goes by the name of A. */
#define NAMED(block) (block == A(VIEW_OF(block)) || STAKE(NOTARIZE(block)) < QUORUM - 1 || NOTARIZATION(A(VIEW_OF(block))))

#ifdef BY_VIEW
byte phase = 1;
#define TIME_OF(v) (phase == v)
#else
#define TIME_OF(v) true
#endif

/* The three votes. Each is one step: guard, signature, and what is true then. */
#define NOTARIZE_STEP(v, block, p)                                                                             \
  :: d_step {                                                                                                  \
       TIME_OF(v) && IN_VIEW(v) && !I_SENT(NOTARIZE(block)) && NOTARIZED_NONE_IN(v) && NAMED(block) &&         \
           MAY_HAVE_PARENT(block, p) && MAY_FOLLOW(block, p) ->                                                \
       printf("replica %d: Notarize(view %d, block %d on %d)\n", _pid, v, block, p);                           \
       parent[block] = p;                                                                                      \
       sign(NOTARIZE(block))                                                                                   \
     }
#define FINALIZE_STEP(v, block)                                                                                \
  :: d_step {                                                                                                  \
       TIME_OF(v) && NOTARIZATION(block) && NEVER_NULLIFIED(v) && !I_SENT(FINALIZE(block)) ->                  \
       printf("replica %d: Finalize(view %d, block %d)\n", _pid, v, block);                                    \
       sign(FINALIZE(block))                                                                                   \
     }
#define NULLIFY_STEP(v)                                                                                        \
  :: d_step {                                                                                                  \
       TIME_OF(v) && IN_VIEW(v) && NEVER_FINALIZED(v) && !I_SENT(NULLIFY(v)) ->                                \
       printf("replica %d: Nullify(view %d)\n", _pid, v);                                                      \
       sign(NULLIFY(v))                                                                                        \
     }

byte i, j, walk; /* for counting within a step, 0 between steps, so that they cost no states */
int k;

inline sign(vote) {
  signed_by[_pid] = signed_by[_pid] | (1 << (vote));
  if
  :: STAKE(vote) >= QUORUM -> note_certificates(); claim()
  :: else
  fi;
  forget_who_is_who();
  i = 0; j = 0; k = 0; walk = 0
}

inline note_certificates() {
  i = 1;
  do
  :: i <= VIEWS ->
     if :: NULLIFICATION(i) -> nullified = nullified | (1 << i) :: else fi;
     if :: IS_FINAL(i) && final_view < i -> final_view = i :: else fi;
     i++
  :: else -> break
  od
}

#ifdef ALIKE
inline forget_who_is_who() { /* sorts; only this step's replica is out of order */
  i = 1;
  do
  :: i < HONEST ->
     j = i;
     do
     :: j > 0 && signed_by[j - 1] < signed_by[j] ->
        k = signed_by[j]; signed_by[j] = signed_by[j - 1]; signed_by[j - 1] = k;
        j--
     :: else -> break
     od;
     i++
  :: else -> break
  od
}
#else
inline forget_who_is_who() { skip }
#endif

#ifdef WITNESS_FINAL_AT_LAST_VIEW
#define WITNESS final_view == VIEWS
#elif defined(WITNESS_FINAL_OVER_NULLIFIED) /* two blocks final in a row with a nullified view between them */
#define WITNESS FINALIZATION(A(VIEWS)) && FINALIZATION(A(VIEWS - 2)) && parent[A(VIEWS)] == A(VIEWS - 2)
#elif defined(WITNESS_BOTH_AND_LEFT_OUT) /* a view notarized and nullified, its block not on the final chain */
#define WITNESS NULLIFICATION(1) && NOTARIZATION(A(1)) && FINALIZATION(A(2)) && parent[A(2)] == 0
#elif defined(WITNESS_BOTH_AND_BUILT_ON) /* a view notarized and nullified, its block on the final chain */
#define WITNESS NULLIFICATION(1) && NOTARIZATION(A(1)) && FINALIZATION(A(2)) && parent[A(2)] == A(1)
#elif defined(WITNESS_FINAL_DESPITE_SPLIT) /* honest votes for both blocks of a view, one of which becomes final */
#define WITNESS FINALIZATION(A(1)) && STAKE(NOTARIZE(B(1))) > BYZANTINE
#endif

#ifdef WITNESS
bit witness;
inline claim() { witness = WITNESS; assert(!witness) }
#else
inline claim() { one_digest_per_view(); not_both_nullified_and_final(); final_is_ancestor_of_all_above() }
#endif

bit two_digests_in_a_view, view_both_nullified_and_final, final_block_left_out; /* what the checker then says */

inline one_digest_per_view() {
  i = 1;
  do
  :: i <= VIEWS ->
     two_digests_in_a_view = NOTARIZATION(A(i)) && NOTARIZATION(B(i));
     assert(!two_digests_in_a_view);
     i++
  :: else -> break
  od
}

inline not_both_nullified_and_final() {
  i = 1;
  do
  :: i <= VIEWS ->
     view_both_nullified_and_final = NULLIFICATION(i) && IS_FINAL(i);
     assert(!view_both_nullified_and_final);
     i++
  :: else -> break
  od
}

/* A final block is an ancestor of every block that is notarized in its view or later: hence all final blocks are one chain. */
inline final_is_ancestor_of_all_above() {
  i = 1;
  do
  :: i < BLOCKS && FINALIZATION(i) ->
     j = A(VIEW_OF(i));
     do
     :: j < BLOCKS && NOTARIZATION(j) ->
        walk_down(j, i);
        final_block_left_out = walk != i;
        assert(!final_block_left_out);
        j++
     :: j < BLOCKS && !NOTARIZATION(j) -> j++
     :: else -> break
     od;
     i++
  :: i < BLOCKS && !FINALIZATION(i) -> i++
  :: else -> break
  od
}

inline walk_down(from, to) {
  walk = from;
  do
  :: walk > to -> walk = parent[walk]
  :: else -> break
  od
}

#ifdef BY_VIEW
/* Later views depend on a view's certificates only: what else was signed in it is forgotten. */
#define VIEW_MASK(v) (31 << ABOVE(v - 1))
#define CERTIFIED(vote) ((STAKE(vote) >= QUORUM) << (vote))
inline end_view() {
  k = CERTIFIED(NOTARIZE(A(phase))) | CERTIFIED(NOTARIZE(B(phase))) | CERTIFIED(FINALIZE(A(phase))) |
      CERTIFIED(FINALIZE(B(phase))) | CERTIFIED(NULLIFY(phase));
  i = 0;
  do
  :: i < HONEST -> signed_by[i] = (signed_by[i] & ~VIEW_MASK(phase)) | k; i++
  :: else -> break
  od;
  if :: !NOTARIZATION(A(phase)) -> parent[A(phase)] = 0 :: else fi;
  if :: !NOTARIZATION(B(phase)) -> parent[B(phase)] = 0 :: else fi;
  phase++;
  i = 0; k = 0;
  printf("end of view %d\n", phase - 1)
}
#endif

/* Every step there can be. A replica keeps nothing to itself, so a process is no more than a name for who signs. */
#define NOTARIZE_STEPS(v, p) NOTARIZE_STEP(v, A(v), p) NOTARIZE_STEP(v, B(v), p)
#define STEPS_IN(v) NOTARIZE_STEPS(v, 0) FINALIZE_STEP(v, A(v)) FINALIZE_STEP(v, B(v)) NULLIFY_STEP(v)
#define STEPS_ON(low, v) NOTARIZE_STEPS(v, A(low)) NOTARIZE_STEPS(v, B(low))

active [HONEST] proctype Replica() {
end:
  do
  STEPS_IN(1)
#if VIEWS >= 2
  STEPS_IN(2) STEPS_ON(1, 2)
#endif
#if VIEWS >= 3
  STEPS_IN(3) STEPS_ON(1, 3) STEPS_ON(2, 3)
#endif
#if VIEWS >= 4
  STEPS_IN(4) STEPS_ON(1, 4) STEPS_ON(2, 4) STEPS_ON(3, 4)
#endif
#if VIEWS >= 5
  STEPS_IN(5) STEPS_ON(1, 5) STEPS_ON(2, 5) STEPS_ON(3, 5) STEPS_ON(4, 5)
#endif
#if VIEWS >= 6
  STEPS_IN(6) STEPS_ON(1, 6) STEPS_ON(2, 6) STEPS_ON(3, 6) STEPS_ON(4, 6) STEPS_ON(5, 6)
#endif
#ifdef BY_VIEW
  :: d_step { _pid == 0 && phase < VIEWS -> end_view() }
#endif
  od
}
