//! A failure as a person needs it: options first, what was wrong, the last events, the difference, how to replay it.

use std::fmt::Write;

use caddis_core::world::Member;

use crate::check::{brief, free, wishes};
use crate::hub::State;
use crate::{Options, world::Process};

/// All that is needed to understand a failure.
pub fn failure(options: &Options, state: &State) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "seed {} failed at {:.3} s", options.seed, state.t as f64 / 1e6);
    let _ = writeln!(text, "options: {}", serde_json::to_string(options).unwrap_or_default());
    for line in &state.violations {
        let _ = writeln!(text, "WRONG: {line}");
    }
    let _ = writeln!(text, "last events:");
    for (t, line) in &state.trace {
        let _ = writeln!(text, "  {:>9.3} {line}", *t as f64 / 1e6);
    }
    difference(&mut text, state);
    let mutant = state.mutant.map_or(String::new(), |mutant| format!(" --mutant {}", mutant.name()));
    let _ = writeln!(text, "replay: cargo run -p caddis-sim --release -- --seed {} --trace{mutant}", options.seed);
    text
}

/// What was wished, what the records say, what runs: of all that has not ended.
fn difference(text: &mut String, state: &State) {
    let _ = writeln!(text, "now {}, {} bytes of the pool free; who waits, the oldest wish first:", state.now().0, free(state));
    for (since, owner, who, bytes) in wishes(state) {
        let _ = writeln!(text, "  {who} of {owner} since {} needs {bytes}", since.0);
    }
    for job in state.book.jobs.values().filter(|job| !job.is_ended()) {
        let cancel = if job.cancel.is_some() { " cancel wished" } else { "" };
        let _ = writeln!(text, "job {}{cancel}: {:?} attempt {:?}", job.id, job.state, job.attempt());
        live(text, state, |process| process.job().is_some_and(|(id, _)| id == &job.id));
    }
    for cluster in state.book.clusters.values().filter(|cluster| !cluster.state.is_ended()) {
        let stop = if cluster.stop_wish.is_some() { " stop wished" } else { "" };
        let _ = writeln!(text, "cluster {}{stop}: {}", cluster.id, brief(cluster));
        let site = state.world.sites.get(&cluster.id).map(|site| format!("{:?} purged {}", site.environment, site.purged));
        let _ = writeln!(text, "  place: {}", site.unwrap_or_else(|| "none".into()));
        live(text, state, |process| process.cluster == cluster.id && !matches!(process.member, Member::Job { .. }));
    }
}

fn live(text: &mut String, state: &State, which: impl Fn(&Process) -> bool) {
    for process in state.world.processes.iter().filter(|p| which(p) && (p.end.is_none() || p.leaked)) {
        let _ = writeln!(
            text,
            "  runs: {}/{} pid {} ready {} listed {:.3} leaked {}",
            process.cluster,
            process.member,
            process.pid,
            process.ready.is_some(),
            process.listed as f64 / 1e6,
            process.leaked
        );
    }
}
