//! One fault at a time, at calls of one scenario. The release binary does it at every call.

use caddis_sim::sweep::sweep;

/// Every so many calls; coprime to the calls of a pass, so that each kind of call comes up.
const STEP: u64 = 7;

#[test]
fn no_single_fault_does_harm() {
    let swept = sweep(STEP);
    assert!(swept.calls > 300, "the scenario made only {} calls", swept.calls);
    assert!(swept.unheeded.is_empty(), "no call heeded these faults: {:?}", swept.unheeded);
    if let Some((at, single, failure)) = swept.failures.first() {
        panic!("{} failed; first {single:?} at call {at}\n{}", swept.failures.len(), failure.report);
    }
}
