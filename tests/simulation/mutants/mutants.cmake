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

rondo_mutate(actors/consensus/core/signatures.cpp "*stake < context.quorum()" "*stake < sim::mutated_quorum(context.quorum())")
rondo_mutate(actors/consensus/core/votes.cpp "stake >= replica_.context->quorum()"
  "stake >= sim::mutated_quorum(replica_.context->quorum())")
rondo_mutate(actors/consensus/core/votes.cpp "!state.sent[at(VoteKind::nullify)] &&"
  "(sim::is_mutant(sim::Mutant::finalize_gate_removed) || !state.sent[at(VoteKind::nullify)]) &&")
rondo_mutate(cluster/signing/gate.cpp "other && signed_for(*other)"
  "other && !sim::is_mutant(sim::Mutant::finalize_gate_removed) && signed_for(*other)")
rondo_mutate(cluster/signing/gate.cpp "effects.put(table_, key, std::move(row));"
  "if (!sim::is_mutant(sim::Mutant::forgetful_gate)) effects.put(table_, key, std::move(row));")
rondo_mutate(actors/execution/core/block_run.cpp "if (t.nonce < account.nonce) return"
  "if (t.nonce < account.nonce && !sim::is_mutant(sim::Mutant::nonces_unchecked)) return")
rondo_mutate(cluster/signing/gate.cpp "if (!confirmed_) return false;"
  "if (!confirmed_ && !sim::is_mutant(sim::Mutant::no_status_collected)) return false;")
rondo_mutate(cluster/signing/gate.cpp "return !quarantined_ || (quarantined_->reentry"
  "return !quarantined_ || sim::is_mutant(sim::Mutant::no_reentry_awaited) || (quarantined_->reentry")
