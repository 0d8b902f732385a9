//! One process: what it is, what it will do, and what the keeper knows of it.

use std::time::Duration;

use caddis_core::plan::Rung;
use caddis_core::world::{End, Exit, KilledBy, Member, MemberView, ReadyFacts};
use caddis_types::{ClusterId, JobId, Timestamp};

/// An end as it was, whether or not somebody saw it.
#[derive(Clone, Debug)]
pub struct TrueEnd {
    /// When.
    pub t: i64,
    /// When, by the clock on the wall.
    pub at: Timestamp,
    /// How.
    pub exit: Exit,
}

/// A ladder being climbed.
#[derive(Clone, Debug)]
pub struct Ladder {
    /// What is still to come; SIGKILL stands behind it.
    pub rungs: Vec<Rung>,
    /// When the next step is due.
    pub due: i64,
}

impl Ladder {
    /// When SIGKILL comes.
    pub fn last(&self) -> i64 {
        self.due + self.rungs.iter().map(|rung| rung.wait_ms as i64 * 1000).sum::<i64>()
    }
}

/// A process, dead or alive.
#[derive(Clone, Debug)]
pub struct Process {
    /// Of which cluster.
    pub cluster: ClusterId,
    /// Which.
    pub member: Member,
    /// Its number, never used twice.
    pub pid: u32,
    /// Memory of the pool that it may use.
    pub reserve: u64,
    /// When it was born, and the same by the clock on the wall.
    pub born: i64,
    /// The keeper's word for that.
    pub started_at: Timestamp,
    /// From when on it is listed.
    pub listed: i64,
    /// Workers: may be taken away, and costs less.
    pub preemptible: bool,
    /// When it will be ready.
    pub ready_due: Option<i64>,
    /// Since when it was ready.
    pub ready: Option<(i64, Timestamp)>,
    /// Scripts: whether user code was begun.
    pub begun: bool,
    /// Workers: results held.
    pub keys: u64,
    /// Workers: hands its results over, or has done so, and takes no more.
    pub cordoned: bool,
    /// When and how it ends by itself.
    pub exit_due: Option<(i64, Exit)>,
    /// Signals it gets.
    pub ladder: Option<Ladder>,
    /// Hears only SIGKILL.
    pub deaf: bool,
    /// Leaves a child behind.
    pub leaks: bool,
    /// A child of it lives on.
    pub leaked: bool,
    /// Its keeper died: its end is known from its own word only.
    pub adopted: bool,
    /// Who ended it, as far as the keeper knows.
    pub killed_by: Option<KilledBy>,
    /// How it ended.
    pub end: Option<TrueEnd>,
    /// What the keeper wrote down, and when.
    pub kept: Option<(i64, End)>,
    /// How long the keeper says that it ran, by a clock that nobody sets; nothing after the machine was started anew.
    pub kept_lived: Option<i64>,
    /// It never ran, and from then on it is as if it had not been asked for.
    pub withdrawn: Option<i64>,
}

impl Process {
    /// The job of a script.
    pub fn job(&self) -> Option<(&JobId, u32)> {
        match &self.member {
            Member::Job { job, attempt } => Some((job, *attempt)),
            _ => None,
        }
    }

    /// The keeper writes the end down. Adopted scripts tell by what they wrote themselves, which nobody killed does.
    pub fn keep_end(&mut self, t: i64, now: Timestamp) {
        let Some(end) = &self.end else { return };
        let own_word = matches!(end.exit, Exit::Code(_));
        let exit = match (&end.exit, self.adopted && !own_word) {
            (_, true) => Exit::Unknown("the keeper was away".into()),
            (exit, false) => exit.clone(),
        };
        let at = if own_word { end.at } else { now };
        let began = self.begun || self.job().is_none();
        let until = if own_word { end.t } else { t };
        let rebooted = matches!(&end.exit, Exit::Unknown(why) if why == "host rebooted");
        self.kept_lived = (!rebooted).then_some(until - self.born);
        let killed_by = self.killed_by.clone();
        self.kept =
            Some((t, End { at: at.max(self.started_at), exit, killed_by, began, outcome: None, log_tail: String::new() }));
    }

    /// What a look shows that sees the world as of `t`.
    pub fn view(&self, t: i64) -> Option<MemberView> {
        if self.listed > t || self.withdrawn.is_some_and(|at| at <= t) {
            return None;
        }
        let ready = self.ready.filter(|(at, _)| *at <= t).map(|(_, at)| (at, self.facts()));
        let end = self.kept.as_ref().filter(|(at, _)| *at <= t).map(|(_, end)| end.clone());
        let lived = match &end {
            Some(_) => self.kept_lived,
            None => Some(t - self.born),
        };
        let lived = lived.map(|lived| Duration::from_micros(lived.max(0).unsigned_abs()));
        Some(MemberView { pid: self.pid, started_at: self.started_at, ready, end, peak_rss: 1 << 20, lived })
    }

    fn facts(&self) -> ReadyFacts {
        match self.member {
            Member::Scheduler => {
                ReadyFacts { address: Some(format!("tls://127.0.0.1:{}", self.pid)), dashboard_port: Some(8787) }
            }
            _ => ReadyFacts::default(),
        }
    }
}
