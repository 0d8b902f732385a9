//! From a piece of a life to lines.

use std::time::Duration;

use caddis_types::{NanoDollars, Timestamp};

use super::cuts::cuts;
use crate::plan::Plan;
use crate::prices::{Role, Tariff};
use crate::record::{ClusterRecord, LedgerKind, LedgerLine, Meter};
use crate::world::{Member, MemberView};

/// The least that is paid for a machine (https://cloud.google.com/compute/vm-instance-pricing, "Billing model"; Dataproc
/// likewise). It applies once a process, and is paid with the last line.
pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// A process's life so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Life {
    /// When it started.
    pub started_at: Timestamp,
    /// How long it has lived.
    pub lived: Duration,
}

impl Life {
    /// Of a process that is seen; of one that ended, the whole.
    pub fn of(view: &MemberView, now: Timestamp) -> Life {
        let until = view.end.as_ref().map_or(now, |end| end.at);
        Life { started_at: view.started_at, lived: view.lived.unwrap_or(until.since(view.started_at)) }
    }

    /// Of a process of which only the start is known.
    pub fn between(started_at: Timestamp, until: Timestamp) -> Life {
        Life { started_at, lived: until.since(started_at) }
    }

    /// The same, up to a moment of it.
    #[must_use]
    pub fn until(self, moment: Timestamp) -> Life {
        Life { lived: self.lived.min(moment.since(self.started_at)), ..self }
    }

    /// The moment it has come to.
    pub fn at(self) -> Timestamp {
        self.started_at + self.lived
    }
}

/// What a member is paid as.
pub(super) fn role(cluster: &ClusterRecord, member: &Member) -> Role {
    match member {
        Member::Worker { slot, .. } if cluster.slots.get(slot).is_some_and(|slot| slot.preemptible) => Role::Preemptible,
        Member::Worker { .. } => Role::Worker,
        Member::Scheduler | Member::Job { .. } | Member::Setup { .. } => Role::Scheduler,
    }
}

/// The lines from where the books are about a process to where its life is, on the terms that have held since. A life
/// that is `over` has at least one line.
pub fn book(cluster: &ClusterRecord, member: &Member, life: Life, over: bool, tariff: &Tariff) -> Vec<LedgerLine> {
    let Meter { lines, booked_micros } = cluster.account.meter(member);
    let role = role(cluster, member);
    let from = Timestamp(life.started_at.0.saturating_add(booked_micros));
    let to = life.at().max(from);
    let mut edges = vec![from];
    edges.extend(cuts(tariff, role.machine(&cluster.shape), from, to));
    edges.push(to);
    let pieces: Vec<_> = edges.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?))).collect();
    let least = if over { missing(to.since(life.started_at)) } else { 0 };
    let written = |(from, to): &(Timestamp, Timestamp)| to > from || over && (lines == 0 || least > 0);
    let pieces: Vec<_> = pieces.into_iter().filter(written).collect();
    let last = pieces.len().saturating_sub(1);
    let one = |(index, (from, to)): (usize, (Timestamp, Timestamp))| {
        let number = lines + index as u32;
        let least = if index == last { least } else { 0 };
        line(cluster, member, number, (from, to), least, role, tariff)
    };
    pieces.into_iter().enumerate().map(one).collect()
}

/// What is paid beyond a whole life. What never ran costs nothing.
fn missing(lived: Duration) -> i64 {
    if lived.is_zero() { 0 } else { MINUTE.saturating_sub(lived).as_micros() as i64 }
}

fn line(
    cluster: &ClusterRecord,
    member: &Member,
    number: u32,
    (from, to): (Timestamp, Timestamp),
    minimum_micros: i64,
    role: Role,
    tariff: &Tariff,
) -> LedgerLine {
    let price_hour = tariff.price(&cluster.shape, role, from);
    let key = match number {
        0 => format!("{}/{member}", cluster.id),
        _ => format!("{}/{member}#{}", cluster.id, number + 1),
    };
    let jobs = &cluster.account.jobs;
    let (job, shared) = match (&cluster.job, jobs.as_slice()) {
        (Some(own), _) => (Some(own.clone()), Vec::new()),
        (None, [one]) => (Some(one.clone()), Vec::new()),
        (None, several) => (None, several.to_vec()),
    };
    LedgerLine {
        key,
        owner: cluster.owner.clone(),
        cluster: cluster.id.clone(),
        job,
        shared,
        tags: cluster.tags.clone(),
        profile: cluster.shape.profile.clone(),
        machine: role.machine(&cluster.shape).to_owned(),
        kind: if role == Role::Scheduler { LedgerKind::Scheduler } else { LedgerKind::Worker },
        preemptible: role == Role::Preemptible,
        idle: cluster.account.idle,
        started_at: from,
        ended_at: to,
        price_hour,
        minimum_micros,
        cost: price_hour.for_span(to.since(from) + Duration::from_micros(minimum_micros.unsigned_abs())),
    }
}

/// Takes lines of a process into a plan, and into what the record says of them. After a life that is `over` the books
/// about it are closed.
pub fn enter(plan: &mut Plan<ClusterRecord>, member: &Member, lines: Vec<LedgerLine>, over: bool) {
    let account = &mut plan.record.account;
    let mut meter = account.meter(member);
    for line in &lines {
        meter.lines += 1;
        meter.booked_micros += line.micros();
        plan.record.cost += line.cost;
        if line.kind == LedgerKind::Worker {
            plan.record.worker_micros += line.micros();
        }
        // A job's own cluster says by itself what the job cost.
        for (number, job) in account.jobs.iter().enumerate() {
            *account.shares.entry(job.clone()).or_insert(NanoDollars(0)) += line.cost.part(number, account.jobs.len());
        }
    }
    if over {
        account.meters.remove(&member.to_string());
    } else if meter != Meter::default() {
        account.meters.insert(member.to_string(), meter);
    }
    plan.ledger.extend(lines);
}
