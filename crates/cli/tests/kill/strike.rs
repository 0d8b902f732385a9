//! One kill: of whom, and in which stage it hit.

use std::process::Child;
use std::time::Duration;

use caddis_testkit::{Process, World, wait_within};
use rustix::process::Signal;
use serde_json::Value;

use crate::common::records;

/// Who is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Victim {
    Server,
    Keeper,
    ForkServer,
}

impl Victim {
    /// In turn.
    pub(crate) const ALL: [Victim; 3] = [Victim::Server, Victim::Keeper, Victim::ForkServer];

    fn find(self, world: &World) -> Option<Process> {
        match self {
            Victim::Server => world.server(),
            Victim::Keeper => world.keeper(),
            Victim::ForkServer => world.fork_servers().into_iter().next(),
        }
    }
}

/// How long a victim may be awaited: each is there in every stage, or comes with it, unless the keeper was killed before.
const AWAITED: Duration = Duration::from_secs(20);

/// Kills the victim, and answers the stage in which that was.
pub(crate) fn strike(world: &World, victim: Victim) -> &'static str {
    wait_within(AWAITED, &format!("{victim:?}, to kill it"), || Aim::take(world, victim)?.strike(world, None))
}

/// A victim that was found, and the server where that is another process.
pub(crate) struct Aim {
    victim: Process,
    server: Option<Process>,
}

impl Aim {
    /// At who is there now.
    pub(crate) fn take(world: &World, victim: Victim) -> Option<Aim> {
        let victim = victim.find(world)?;
        let server = world.server().filter(|server| server.pid != victim.pid);
        Some(Aim { victim, server })
    }

    /// Kills, and answers the stage in which that was; nothing where the victim had gone. `submitting` is the command
    /// that submits, where one does.
    ///
    /// Both the server and the victim are stopped while the stage is read, the server first, so that it cannot pass
    /// meanwhile.
    pub(crate) fn strike(&self, world: &World, submitting: Option<&mut Child>) -> Option<&'static str> {
        let server = self.server.as_ref().filter(|server| hold(server));
        let stage = hold(&self.victim).then(|| {
            let submitting = submitting.is_some_and(|child| child.try_wait().expect("look at the command").is_none());
            let stage = if submitting { "submit" } else { stage(world) };
            self.victim.kill(Signal::KILL);
            stage
        });
        server.inspect(|server| server.kill(Signal::CONT));
        stage
    }
}

/// Stops a process; answers whether it stands still.
fn hold(process: &Process) -> bool {
    process.kill(Signal::STOP);
    // The signal is on its way for a moment.
    while lives(process) {
        if state(process) == Some('T') {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

/// Whether a process has not ended; one that is a zombie has.
pub(crate) fn lives(process: &Process) -> bool {
    !matches!(state(process), None | Some('Z' | 'X'))
}

fn state(process: &Process) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.pid)).ok()?;
    stat.rsplit_once(") ")?.1.chars().next()
}

/// What goes on, by the database and the process table.
fn stage(world: &World) -> &'static str {
    let (job, cluster) = (records::newest(world, "jobs"), records::newest(world, "clusters"));
    let Some(cluster) = cluster else { return "queue" };
    let state = cluster["state"].as_object().and_then(|state| state.keys().next()).map_or("", String::as_str);
    match state {
        "preparing" => "environment",
        "starting" => "start",
        "running" if cluster["job"].is_null() => if steady(&cluster) { "steady" } else { "scale" },
        "ended" => "over",
        _ => of_script(world, job.as_ref()),
    }
}

/// Whether a cluster has the workers that it should have.
fn steady(cluster: &Value) -> bool {
    let slots = cluster["slots"].as_object().expect("slots");
    let ready = |slot: &Value| slot["retiring"].is_null() && slot["phase"]["running"]["ready_at"].is_i64();
    slots.values().all(ready) && cluster["workers_desired"] == slots.len()
}

/// How far the script is on a cluster that serves, or ends.
fn of_script(world: &World, job: Option<&Value>) -> &'static str {
    let name = |job: &Value| Some(format!("{}.{}", job["id"].as_str()?, job["attempts"].as_array()?.len()));
    let name = job.and_then(name).unwrap_or_default();
    let lives = world.members().iter().any(|one| one.member.as_ref().is_some_and(|key| key.ends_with(&name)));
    match (world.work().join("effects").exists(), lives) {
        (false, _) => "start",
        (true, true) => "run",
        (true, false) => "stop",
    }
}
