# Mutants: copies of a few sources of the cores in which one rule each can be switched off. They are made by replacing an
# expression; one that is no longer found does not compile, so that no mutant dies unnoticed. The copies stand before the
# libraries on the link line, so that the linker takes them in place of the originals.

function(rondo_mutate file from to)
  set(copy ${CMAKE_CURRENT_BINARY_DIR}/mutated/${file})
  if(file IN_LIST MUTATED_FILES)
    file(READ ${copy} text)
  else()
    file(READ ${CMAKE_SOURCE_DIR}/${file} text)
  endif()
  string(FIND "${text}" "${from}" at)
  if(at EQUAL -1)
    string(PREPEND text "#error a mutant of this file has nothing to replace; see mutants.cmake\n")
  endif()
  string(REPLACE "${from}" "${to}" text "${text}")
  file(WRITE ${copy}.new "${text}")
  configure_file(${copy}.new ${copy} COPYONLY)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${file})
  if(NOT file IN_LIST MUTATED_FILES)
    set(MUTATED_FILES ${MUTATED_FILES} ${file} PARENT_SCOPE)
    set(MUTATED_SOURCES ${MUTATED_SOURCES} ${copy} PARENT_SCOPE)
    set_source_files_properties(${copy} PROPERTIES COMPILE_OPTIONS "-include;${CMAKE_CURRENT_SOURCE_DIR}/mutants/mutants.hpp")
  endif()
endfunction()

# Consensus: votes and certificates.
set(CONSENSUS actors/consensus/core)
rondo_mutate(${CONSENSUS}/signatures.cpp "*stake < context.quorum()" "*stake < sim::mutated_quorum(context.quorum())")
rondo_mutate(${CONSENSUS}/signatures.cpp "if (!is_signed(genesis, context, vote)) return false;"
  "if (sim::unless(sim::Mutant::certificates_unchecked, !is_signed(genesis, context, vote))) return false;")
rondo_mutate(${CONSENSUS}/signatures.cpp "if (!by(genesis, context.at(entry.signer)"
  "if (!sim::is_mutant(sim::Mutant::acks_unchecked) && !by(genesis, context.at(entry.signer)")
rondo_mutate(${CONSENSUS}/signatures.cpp "return stake && verified_stake && *stake >= context.quorum() && *verified_stake >= context.weak();"
  "return sim::is_mutant(sim::Mutant::acks_uncounted) ||
           (stake && verified_stake && *stake >= context.quorum() && *verified_stake >= context.weak());")
rondo_mutate(${CONSENSUS}/votes.cpp "stake >= replica_.context->quorum()"
  "stake >= (vote.vote == VoteKind::nullify && sim::is_mutant(sim::Mutant::weak_stake_nullifies)
                 ? replica_.context->weak()
                 : sim::mutated_quorum(replica_.context->quorum()))")
rondo_mutate(${CONSENSUS}/votes.cpp "state.tally.add(vote, replica_.context->at(vote.signer)->stake);"
  "state.tally.add(vote, sim::is_mutant(sim::Mutant::heads_counted)
                            ? Stake(replica_.context->total().value / replica_.context->operators.size())
                            : replica_.context->at(vote.signer)->stake);")
rondo_mutate(${CONSENSUS}/votes.cpp "!state.sent[at(VoteKind::nullify)] &&"
  "(sim::is_mutant(sim::Mutant::finalize_gate_removed) || !state.sent[at(VoteKind::nullify)]) &&")
rondo_mutate(${CONSENSUS}/signatures.cpp "if (certificate.epoch != context.epoch ||"
  "if (sim::unless(sim::Mutant::stale_epoch_accepted, certificate.epoch != context.epoch) ||")
rondo_mutate(${CONSENSUS}/core.cpp "if (epoch == replica_.epoch) return true;"
  "if (epoch == replica_.epoch || sim::is_mutant(sim::Mutant::stale_epoch_accepted)) return true;")
rondo_mutate(${CONSENSUS}/views.cpp "if (!state.candidate) state.candidate = digest;"
  "if (!state.candidate || sim::is_mutant(sim::Mutant::votes_twice)) state.candidate = digest;")
rondo_mutate(${CONSENSUS}/views.cpp "if (state.sent[at(VoteKind::notarize)] ||"
  "if (sim::unless(sim::Mutant::votes_twice, state.sent[at(VoteKind::notarize)]) ||")
rondo_mutate(${CONSENSUS}/views.cpp "if (certificate(View(v), VoteKind::nullify) != nullptr) continue;"
  "if (certificate(View(v), VoteKind::nullify) != nullptr || sim::is_mutant(sim::Mutant::parent_gap_accepted)) continue;")
rondo_mutate(${CONSENSUS}/views.cpp "if (certificate(view, VoteKind::nullify) == nullptr) return nullptr;"
  "if (sim::unless(sim::Mutant::parent_gap_accepted, certificate(view, VoteKind::nullify) == nullptr)) return nullptr;")

# Consensus: blocks.
rondo_mutate(${CONSENSUS}/proposals.cpp "if (held == nullptr)
            finding.poas.push_back(entry.digest);"
  "if (held == nullptr) {
            if (!sim::is_mutant(sim::Mutant::uncertified_tip_accepted)) finding.poas.push_back(entry.digest);
        }")
rondo_mutate(${CONSENSUS}/proposals.cpp "if (*mine != block.executed.result_digest) return"
  "if (sim::unless(sim::Mutant::results_unchecked, *mine != block.executed.result_digest)) return")
rondo_mutate(${CONSENSUS}/commit.cpp "if (&block == last)
            commit_block"
  "if (sim::is_mutant(sim::Mutant::ancestors_skipped) && &block != last) continue;
        if (&block == last)
            commit_block")

# The signing gate.
set(GATE cluster/signing/gate.cpp)
rondo_mutate(${GATE} "other && signed_for(*other)"
  "other && !sim::is_mutant(sim::Mutant::finalize_gate_removed) && signed_for(*other)")
rondo_mutate(${GATE} "effects.put(table_, key, std::move(row));"
  "if (!sim::is_mutant(sim::Mutant::forgetful_gate)) effects.put(table_, key, std::move(row));")
rondo_mutate(${GATE} "if (*signed_before != identity ||"
  "if ((!sim::is_mutant(sim::Mutant::votes_twice) && !sim::is_mutant(sim::Mutant::fork_acknowledged) &&
             *signed_before != identity) ||")
rondo_mutate(${GATE} "(!same_body && slot.kind != Kind::ack)"
  "(!same_body && slot.kind != Kind::ack && !sim::is_mutant(sim::Mutant::votes_twice))")
rondo_mutate(${GATE} "if (!confirmed_ || "
  "if ((!confirmed_ && !sim::is_mutant(sim::Mutant::no_status_collected)) || ")
rondo_mutate(${GATE} "return !quarantined_ || (quarantined_->reentry"
  "return !quarantined_ || sim::is_mutant(sim::Mutant::no_reentry_awaited) || (quarantined_->reentry")

# Intake.
rondo_mutate(actors/intake/core/own_lane.cpp "common_.book.put(tables::promised, key_of(height, fresh.first_index), encode(fresh.chunk));"
  "if (!sim::is_mutant(sim::Mutant::promises_not_stored))
            common_.book.put(tables::promised, key_of(height, fresh.first_index), encode(fresh.chunk));")
rondo_mutate(actors/intake/core/own_lane.cpp "return Place{waiting_.back().height(), waiting_.back().count()};"
  "return Place{sim::is_mutant(sim::Mutant::promise_misplaced) ? waiting_.back().height().next() : waiting_.back().height(), waiting_.back().count()};")
rondo_mutate(actors/intake/core/other_lanes.cpp "const bool is_fork = seen && seen->digest != digest;"
  "const bool is_fork = seen && sim::unless(sim::Mutant::fork_acknowledged, seen->digest != digest);")

# Execution.
rondo_mutate(actors/execution/core/block_run.cpp "if (t.nonce < account.nonce) return"
  "if (t.nonce < account.nonce && !sim::is_mutant(sim::Mutant::nonces_unchecked)) return")
rondo_mutate(actors/execution/core/block_run.cpp "ledger_.note_burnt(burnt);"
  "if (!sim::is_mutant(sim::Mutant::burn_uncounted)) ledger_.note_burnt(burnt);")
rondo_mutate(actors/execution/core/call.cpp "out.success = true;
        return out;"
  "if (sim::is_mutant(sim::Mutant::pays_twice)) ledger.credit(input.to, input.value);
        out.success = true;
        return out;")
rondo_mutate(actors/execution/core/executor.cpp "enter_block(load_fees(ledger), block.timestamp_ms,"
  "enter_block(load_fees(ledger),
                                block.timestamp_ms + (sim::is_mutant(sim::Mutant::order_of_addresses)
                                                          ? reinterpret_cast<std::uintptr_t>(this) % 4096
                                                          : 0),")

# The watcher, and the ledger that believes it.
rondo_mutate(actors/watcher/core/statement.cpp "const Kind other = vote->vote == VoteKind::nullify ? Kind::finalize"
  "const Kind other = vote->vote == VoteKind::nullify && sim::is_mutant(sim::Mutant::legal_pair_accused) ? Kind::notarize
                       : vote->vote == VoteKind::nullify                                                     ? Kind::finalize")
rondo_mutate(messages/wire/evidence.cpp "if (pair(Kind::nullify, Kind::finalize)) return"
  "if (pair(Kind::nullify, Kind::finalize) ||
        (sim::is_mutant(sim::Mutant::legal_pair_accused) && pair(Kind::notarize, Kind::nullify)))
        return")
