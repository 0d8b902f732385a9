//! Facts in, cause out: one line of the table for each rule.

use caddis_types::{Cause, CauseCode};

use super::{scheduler_death, script_end, worker_death};
use crate::arbitrary::{NOW, ended, plain_cluster};
use crate::record::{ClusterRecord, ClusterState, StopWhy};
use crate::world::{End, ExceptionFacts, Exit, Frame, KilledBy, Member, ScriptOutcome};

const WORKER: Member = Member::Worker { slot: 3, attempt: 2 };

fn end(exit: Exit) -> End {
    ended(NOW, exit).end.unwrap()
}

fn killed(by: KilledBy) -> End {
    End { killed_by: Some(by), ..end(Exit::Signal(9)) }
}

fn raised(kind: &str, message: &str, missing: Option<&str>) -> End {
    let last_frame = Frame { file: "/home/ann/job.py".into(), line: 7, function: "main".into(), source: "go()".into() };
    let exception = ExceptionFacts {
        kind: kind.into(),
        message: message.into(),
        missing_module: missing.map(str::to_owned),
        last_frame: Some(last_frame),
        ..ExceptionFacts::default()
    };
    let outcome = ScriptOutcome { code: Some(1), exception: Some(exception), ..ScriptOutcome::default() };
    End { outcome: Some(outcome), ..end(Exit::Code(1)) }
}

fn logged(text: &str) -> End {
    End { log_tail: text.into(), ..end(Exit::Code(1)) }
}

fn code(cause: Option<Cause>) -> Option<CauseCode> {
    cause.map(|cause| cause.code)
}

fn memory() -> KilledBy {
    KilledBy::Memory { rss: 3 << 30, limit: 2 << 30 }
}

#[test]
fn ends_of_scripts() {
    use CauseCode as C;
    let rebooted = Exit::Unknown("host rebooted".into());
    for (facts, expected) in [
        (end(Exit::Code(0)), None),
        (end(Exit::Code(3)), Some(C::ExitCode)),
        (end(Exit::Code(125)), Some(C::ExitCode)),
        (End { began: false, ..end(Exit::Code(125)) }, Some(C::ClusterStart)),
        (End { began: false, log_tail: "OSError: [Errno 28] No space left on device".into(), ..end(Exit::Code(125)) }, Some(C::DiskFull)),
        (end(Exit::Signal(11)), Some(C::KilledBySignal)),
        (end(rebooted), Some(C::HostRebooted)),
        (end(Exit::Unknown("the keeper was away".into())), Some(C::Unknown)),
        (killed(KilledBy::KernelOom), Some(C::OutOfMemory)),
        (killed(KilledBy::Lease), Some(C::ClusterStopped)),
        (killed(KilledBy::Purge { reason: "`ann` stopped it".into() }), Some(C::ClusterStopped)),
        (raised("KeyError", "'x'", None), Some(C::Exception)),
        (raised("ModuleNotFoundError", "No module named 'pandas'", Some("pandas")), Some(C::ImportError)),
        (raised("SyntaxError", "invalid syntax", None), Some(C::SyntaxError)),
        (raised("IndentationError", "unexpected indent", None), Some(C::SyntaxError)),
        (raised("MemoryError", "", None), Some(C::OutOfMemory)),
        (raised("OSError", "[Errno 28] No space left on device", None), Some(C::DiskFull)),
        (raised("KilledWorker", "Attempted to run task 'x' 4 times", None), Some(C::WorkersLost)),
    ] {
        assert_eq!(code(script_end(&facts, None, None)), expected, "{facts:?}");
    }
}

#[test]
fn what_it_was_being_ended_for_goes_before_how_it_ended() {
    let cancelled = Cause::new(CauseCode::Cancelled, "`ann` cancelled it");
    assert_eq!(code(script_end(&end(Exit::Code(130)), Some(&cancelled), None)), Some(CauseCode::Cancelled));
    assert_eq!(code(script_end(&end(Exit::Code(0)), Some(&cancelled), None)), None, "it was done before it was cancelled");
}

#[test]
fn a_failed_cluster_explains_the_scripts_exception() {
    let why = StopWhy::failure(Cause::new(CauseCode::SchedulerLost, "the scheduler was killed by SIGKILL"));
    let state = ClusterState::Stopping { since: NOW, why, closing_at: None, purged_at: None };
    let cluster = ClusterRecord { state, ..plain_cluster(1, 1) };
    let facts = raised("CommClosedError", "in <TLS>", None);
    assert_eq!(code(script_end(&facts, None, Some(&cluster))), Some(CauseCode::SchedulerLost));
}

#[test]
fn tasks_that_kill_workers_are_told_by_what_killed_the_workers() {
    let death = worker_death(&WORKER, &killed(memory())).unwrap();
    let cluster = ClusterRecord { deaths: vec![death], ..plain_cluster(1, 1) };
    let cause = script_end(&raised("KilledWorker", "Attempted to run task", None), None, Some(&cluster)).unwrap();
    assert_eq!(cause.code, CauseCode::OutOfMemory);
    assert!(cause.sentence.contains("worker-0003.2"), "{}", cause.sentence);
}

#[test]
fn causes_carry_their_evidence() {
    let cause = script_end(&raised("ModuleNotFoundError", "No module named 'a.b'", Some("a.b")), None, None).unwrap();
    let found = |what: &str| cause.evidence.iter().find(|fact| fact.what == what).map(|fact| fact.found.as_str());
    assert_eq!(found("package"), Some("a"));
    assert_eq!(found("last frame"), Some("/home/ann/job.py:7 in main: go()"));
    assert!(cause.hint.is_some_and(|hint| hint.contains("`a`")));
}

#[test]
fn deaths_of_workers() {
    use CauseCode as C;
    for (facts, expected) in [
        (end(Exit::Code(0)), None),
        (killed(KilledBy::Stop { reason: "nothing in the records wants it".into() }), None),
        (killed(KilledBy::Stop { reason: "it did not get ready in time".into() }), Some(C::ClusterStart)),
        (killed(memory()), Some(C::OutOfMemory)),
        (end(Exit::Signal(9)), Some(C::KilledBySignal)),
        (end(Exit::Code(1)), Some(C::WorkersLost)),
        (logged("Traceback\nModuleNotFoundError: No module named 'numpy'\n"), Some(C::ImportError)),
        (logged("OSError: [Errno 28] No space left on device"), Some(C::DiskFull)),
        (end(Exit::Unknown("host rebooted".into())), Some(C::HostRebooted)),
        (end(Exit::Unknown("the keeper was away".into())), Some(C::Unknown)),
    ] {
        assert_eq!(code(worker_death(&WORKER, &facts)), expected, "{facts:?}");
    }
}

#[test]
fn deaths_of_schedulers() {
    use CauseCode as C;
    for (ready, facts, expected) in [
        (true, Some(end(Exit::Signal(9))), C::SchedulerLost),
        (true, Some(end(Exit::Code(0))), C::SchedulerLost),
        (true, None, C::SchedulerLost),
        (true, Some(killed(KilledBy::Lease)), C::ClusterStopped),
        (false, Some(killed(KilledBy::Lease)), C::ClusterStopped),
        (false, Some(end(Exit::Code(1))), C::ClusterStart),
        (false, Some(logged("ImportError: cannot import name 'x'")), C::ImportError),
        (true, Some(end(Exit::Unknown("host rebooted".into()))), C::HostRebooted),
    ] {
        assert_eq!(scheduler_death(ready, facts.as_ref()).code, expected, "ready {ready}, {facts:?}");
    }
}
