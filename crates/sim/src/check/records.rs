//! Records only go where they may: generations grow, ends are final, names are new, the pool is not exceeded.

use caddis_core::cluster::held_bytes;
use caddis_core::record::{AttemptPhase, AttemptRecord, ClusterRecord, JobRecord, MemberPhase};
use caddis_core::world::Exit;
use caddis_engine::ports::Change;
use caddis_types::bytes::GIB;

use crate::hub::State;

/// Looks at a change that was just made.
pub fn committed(state: &mut State, change: &Change) {
    for job in &change.jobs {
        let before = state.book.jobs.get(&job.id).cloned();
        check_job(state, before.as_ref(), job);
        let stored = JobRecord { generation: job.generation + 1, ..job.clone() };
        state.book.jobs.insert(job.id.clone(), stored);
    }
    for cluster in &change.clusters {
        let before = state.book.clusters.get(&cluster.id).cloned();
        check_cluster(state, before.as_ref(), cluster);
        let stored = ClusterRecord { generation: cluster.generation + 1, ..cluster.clone() };
        state.book.clusters.insert(cluster.id.clone(), stored);
    }
    for line in &change.ledger {
        state.book.lines.entry(line.key.clone()).or_insert_with(|| line.clone());
    }
    if !change.clusters.is_empty() {
        pool_holds(state);
    }
}

fn check_job(state: &mut State, before: Option<&JobRecord>, job: &JobRecord) {
    let id = &job.id;
    if let Some(before) = before {
        if before.generation > job.generation {
            state.violate(format!("generation of {id} went back to {}", job.generation));
        }
        if before.is_ended() {
            state.violate(format!("{id} had ended and was changed"));
        }
        for old in &before.attempts {
            if job.attempts.iter().all(|attempt| attempt.number != old.number) {
                state.violate(format!("attempt {} of {id} is forgotten", old.number));
            }
        }
    }
    let was_over = |number: u32| {
        let old = before.and_then(|before| before.attempts.iter().find(|attempt| attempt.number == number));
        old.is_some_and(|attempt| matches!(attempt.phase, AttemptPhase::Ended { .. }))
    };
    for attempt in &job.attempts {
        if matches!(attempt.phase, AttemptPhase::Ended { .. }) && !was_over(attempt.number) {
            attempt_is_true(state, job, attempt.number, attempt.exit.as_ref());
        }
    }
    let counts = |attempt: &&AttemptRecord| {
        // One that never began by no fault of its cluster leaves an exit without a start.
        !matches!(attempt.phase, AttemptPhase::Ended { started_at: None, .. }) || attempt.exit.is_none()
    };
    let tries = job.attempts.iter().filter(counts).count() as u32;
    if tries > job.retry.max + 1 {
        state.violate(format!("{id} is tried {tries} times, and {} were allowed", job.retry.max + 1));
    }
    if job.is_ended() {
        nothing_seen_runs(state, job);
    }
}

/// An exit that somebody could see is in the record, and is the one that was.
fn attempt_is_true(state: &mut State, job: &JobRecord, number: u32, recorded: Option<&Exit>) {
    let id = job.id.clone();
    let process = state.world.processes.iter().find(|process| process.job() == Some((&id, number)));
    let Some(process) = process.filter(|process| process.begun) else { return };
    let kept = process.kept.as_ref().map(|(_, end)| end.exit.clone());
    let wrong = match (recorded, &kept) {
        (Some(recorded), Some(kept)) => recorded != kept,
        (Some(_), None) => true,
        (None, _) => true,
    };
    if wrong {
        state.violate(format!("attempt {number} of {id} reached user code and ended {kept:?}; its record says {recorded:?}"));
    }
}

/// A job is over only when its process is, as far as anybody was told of it.
fn nothing_seen_runs(state: &mut State, job: &JobRecord) {
    let floor = |process: &crate::world::Process| state.world.sites.get(&process.cluster).map_or(0, |site| site.floor);
    let mut of_job = state.world.alive.iter().map(|i| &state.world.processes[*i]).filter(|p| p.job().is_some_and(|(id, _)| id == &job.id));
    if let Some(process) = of_job.find(|process| process.listed <= floor(process)) {
        let text = format!("{} is over, and its process {} lives", job.id, process.pid);
        state.violate(text);
    }
}

fn check_cluster(state: &mut State, before: Option<&ClusterRecord>, cluster: &ClusterRecord) {
    let id = &cluster.id;
    if let Some(before) = before {
        if before.generation > cluster.generation {
            state.violate(format!("generation of {id} went back to {}", cluster.generation));
        }
        if before.state.is_ended() {
            state.violate(format!("{id} had ended and was changed"));
        }
        for (number, old) in &before.slots {
            let ran = match old.phase {
                MemberPhase::Running { ready_at: None, pid, .. } => !withdrawn(state, pid),
                MemberPhase::Running { .. } | MemberPhase::Ended { .. } => true,
                _ => false,
            };
            let again = cluster.slots.get(number).is_some_and(|new| {
                new.attempt == old.attempt && matches!(new.phase, MemberPhase::Waiting { .. } | MemberPhase::Intended { .. })
            });
            if ran && again {
                state.violate(format!("worker {number}.{} of {id} is used again", old.attempt));
            }
        }
        if cluster.next_slot < before.next_slot {
            state.violate(format!("slots of {id} are counted anew"));
        }
    }
    if cluster.state.is_ended() && state.world.runs(id) {
        state.violate(format!("{id} has ended, and something of it runs"));
    }
}

/// Whether a process was listed, and taken out of the list again since it never ran.
fn withdrawn(state: &State, pid: u32) -> bool {
    state.world.processes.iter().any(|process| process.pid == pid && process.withdrawn.is_some_and(|at| at <= state.t))
}

/// What was granted never exceeds the pool.
fn pool_holds(state: &mut State) {
    let held: u64 = state.book.clusters.values().map(held_bytes).sum();
    let pool = state.options.pool_slots * GIB;
    if held > pool {
        state.violate(format!("clusters hold {held} bytes of a pool of {pool}"));
    }
}
