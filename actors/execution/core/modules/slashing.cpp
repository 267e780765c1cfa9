#include "actors/execution/core/modules/slashing.hpp"

#include "actors/execution/core/modules/staking.hpp"
#include "messages/wire/evidence.hpp"

namespace rondo::execution {
namespace {

const Word256 slot_cases = slot_number(0);

Word256 case_slot(const Word256& id) { return mapping_slot(slot_cases, id); }

void record_case(Module& module, const EvidenceVerdict& verdict, const Wei& taken, ModuleCall& call) {
    const Word256 slot = case_slot(word_of(verdict.id));
    call.store(module, slot, to_word(call.chain.height.value));
    call.store(module, field_slot(slot, 1), to_word(verdict.offender.value));
    call.store(module, field_slot(slot, 2), to_word(taken));
    call.log(modules::slashing, {abi::event_topic(modules::slashed_event), topic_of(to_word(verdict.offender.value))},
             abi::Encoder().word(word_of(verdict.id)).number(taken).arguments());
}

ModuleResult submit_evidence(ByteView arguments, ModuleCall& call) {
    abi::Decoder in(arguments);
    const Bytes encoded = in.bytes();
    if (!in.ok()) return revert("malformed arguments");
    const auto evidence = decode<Evidence>(encoded);
    if (!evidence) return revert("malformed evidence");
    const EpochContext* context = call.chain.contexts.find(call.chain.store, epoch_of(*evidence));
    if (context == nullptr) return revert("evidence of an unknown epoch");
    call.gas_used += 2 * gas::signature;
    const EvidenceVerdict verdict = check_evidence(*evidence, *context, call.chain.genesis_digest);
    if (verdict.fault != EvidenceFault::none) return revert("evidence refused: " + std::string(to_string(verdict.fault)));
    Module module(modules::slashing, call.ledger);
    if (module.load_number(case_slot(word_of(verdict.id))) != 0) return too_late("evidence is known");
    const Wei taken = Staking(call).slash(verdict.offender, context->parameters.double_sign_permille);
    record_case(module, verdict, taken, call);
    return Bytes{};
}

}  // namespace

ModuleResult call_slashing(const abi::Selector& selector, ByteView arguments, ModuleCall& call) {
    static const abi::Selector submit = abi::selector(modules::submit_evidence);
    static const abi::Selector known = abi::selector(modules::has_evidence);
    if (selector == submit) return submit_evidence(arguments, call);
    if (selector != known) return revert("no such function");
    abi::Decoder in(arguments);
    const Word256 id = in.word();
    if (!in.ok()) return revert("malformed arguments");
    const Module module(modules::slashing, call.ledger);
    return abi::Encoder().boolean(module.load_number(case_slot(id)) != 0).arguments();
}

}  // namespace rondo::execution
