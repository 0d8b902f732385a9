//! Processes, environments and files.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_trait::async_trait;
use caddis_core::plan::Rung;
use caddis_core::profile::Pool;
use caddis_core::record::{Bundle, ClusterRecord};
use caddis_core::world::{End, EnvironmentStatus, Exit, Member, MemberView, Members, Observed};
use caddis_engine::ports::{Backend, BackendError, MemberStart, StartError, Stopped};
use caddis_types::api::{ConnectionView, Program};
use caddis_types::bytes::GIB;
use caddis_types::{ClusterId, JobId, Timestamp};

use crate::Mutant;
use crate::chaos::Kind;
use crate::check;
use crate::hub::{Gate, Hub, SECOND};
use crate::world::{self, keeper, leases};

pub(super) struct SimBackend {
    pub(super) hub: Arc<Hub>,
    pub(super) calm: bool,
}

/// How old a look is that an error behind it spoiled.
const STALE: i64 = 2 * SECOND;

fn lost() -> BackendError {
    BackendError::new("lost", "the answer was lost")
}

impl SimBackend {
    async fn enter(&self, kind: Kind, what: impl Fn() -> String) -> Gate {
        if self.calm { Gate::default() } else { self.hub.enter(kind, what).await }
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.hub.lock().mutant == Some(mutant)
    }

    /// An effect between its two fault points.
    async fn effect<T>(
        &self,
        what: impl Fn() -> String,
        effect: impl FnOnce(&mut crate::hub::State) -> Result<T, String> + Send,
    ) -> Result<T, BackendError> {
        let gate = self.enter(Kind::Effect, what).await;
        if gate.fails_before() {
            return Err(lost());
        }
        let result = effect(&mut self.hub.lock());
        self.hub.leave(&gate).await;
        match result {
            Err(why) => Err(BackendError::new("keeper", why)),
            Ok(_) if gate.fails_after() => Err(lost()),
            Ok(answer) => Ok(answer),
        }
    }

    fn start_one(&self, cluster: &ClusterRecord, start: &MemberStart<'_>, answer_lost: bool) -> Result<(), StartError> {
        let (member, job) = (start.member, start.job);
        let mut state = self.hub.lock();
        check::may_start(&mut state, &cluster.id, member);
        let no_key = state.mutant == Some(Mutant::NoKey);
        let result = world::start(&mut state, cluster, member, job, no_key);
        let script = matches!(member, Member::Job { .. });
        if answer_lost && script && state.mutant == Some(Mutant::ScriptAgain) {
            return world::start(&mut state, cluster, member, job, true);
        }
        match result {
            Ok(()) if answer_lost => Err(StartError::Unknown("the answer was lost".into())),
            Err(StartError::Refused(_) | StartError::NoCapacity(_)) if answer_lost => Err(StartError::Unknown("the answer was lost".into())),
            result => result,
        }
    }

    /// The planted bug that takes what is not listed yet for dead.
    fn bury_absent(&self, cluster: &ClusterId, members: &mut Members) {
        let state = self.hub.lock();
        for ((of, member), index) in &state.world.keys {
            if of == cluster && !members.contains_key(member) {
                let at = state.now();
                let exit = Exit::Unknown("it is not listed".into());
                let end = End { at, exit, killed_by: None, began: false, outcome: None, log_tail: String::new() };
                let started_at = state.world.processes[*index].started_at;
                let view = MemberView { pid: 0, started_at, ready: None, end: Some(end), peak_rss: 0, lived: None };
                members.insert(member.clone(), view);
            }
        }
    }
}

#[async_trait]
impl Backend for SimBackend {
    fn pool(&self) -> Pool {
        Pool { memory_bytes: self.hub.lock().options.pool_slots * GIB, cpus: 4 }
    }

    async fn take_program(&self, _: &Program, _: &str) -> Result<Bundle, BackendError> {
        self.effect(|| "take_program".into(), |_| Ok(())).await?;
        Ok(Bundle { digest: "0".into(), files: 1, bytes: 1 })
    }

    async fn members(&self, cluster: &ClusterId) -> Observed<Members> {
        let gate = self.enter(Kind::Look, || format!("members {cluster}")).await;
        let mut seen = {
            let mut state = self.hub.lock();
            let calls = state.options.calls.clone();
            let unseen = state.chaos.hit(calls.unknown) && !self.calm || gate.fails_before();
            let (stale, age) = (state.chaos.hit(calls.stale) && !self.calm, state.chaos.span(calls.stale_ms));
            let age = if gate.fails_after() { STALE } else if stale { age } else { 0 };
            match unseen {
                true => Observed::Unknown("the view is being made anew".into()),
                false => keeper::look(&mut state, cluster, age),
            }
        };
        if let (Observed::Known(members), true) = (&mut seen, self.is(Mutant::AbsentIsDead)) {
            self.bury_absent(cluster, members);
        }
        if let (Observed::Known(members), true) = (&mut seen, self.is(Mutant::WallClock)) {
            members.values_mut().for_each(|view| view.lived = None);
        }
        self.hub.leave(&gate).await;
        seen
    }

    async fn environment(&self, cluster: &ClusterRecord) -> EnvironmentStatus {
        let gate = self.enter(Kind::Look, || format!("environment {}", cluster.id)).await;
        // A failed look knows nothing of it, as a server that has just begun.
        let blind = gate.fails_before() || gate.fails_after();
        let status = if blind { EnvironmentStatus::Absent } else { world::status(&self.hub.lock(), &cluster.id) };
        self.hub.leave(&gate).await;
        status
    }

    async fn prepare_environment(
        &self,
        cluster: &ClusterRecord,
        _: &BTreeMap<String, String>,
    ) -> Result<(), BackendError> {
        let id = &cluster.id;
        self.effect(
            || format!("prepare {id}"),
            |state| {
                world::prepare(state, id);
                Ok(())
            },
        )
        .await
    }

    async fn start_members(
        &self,
        cluster: &ClusterRecord,
        starts: &[MemberStart<'_>],
        _: &BTreeMap<String, String>,
    ) -> Vec<Result<(), StartError>> {
        let mut results = Vec::new();
        for start in starts {
            let gate = self.enter(Kind::Effect, || format!("start {}/{}", cluster.id, start.member)).await;
            results.push(match gate.fails_before() {
                true => Err(StartError::Unknown("the connection was cut".into())),
                false => self.start_one(cluster, start, gate.fails_after()),
            });
            self.hub.leave(&gate).await;
        }
        results
    }

    async fn stop_member(
        &self,
        cluster: &ClusterId,
        member: &Member,
        reason: &str,
        ladder: &[Rung],
    ) -> Result<Stopped, BackendError> {
        let what = || format!("stop {cluster}/{member} {} ({reason})", ladder.len());
        let blind = self.is(Mutant::StopBlind);
        let ignored = self.is(Mutant::NoticeIgnored) && reason == caddis_core::diagnosis::PREEMPTED;
        let stop = |state: &mut crate::hub::State| {
            if ignored {
                return Ok(Stopped::Found);
            }
            let found = keeper::stop(state, cluster, member, reason, ladder)?;
            Ok(if blind { Stopped::Nothing } else { found })
        };
        self.effect(what, stop).await
    }

    async fn purge(&self, cluster: &ClusterId, reason: &str) -> Result<(), BackendError> {
        let effect = |state: &mut crate::hub::State| {
            let closed = state.world.sites.get(cluster).is_some_and(|site| site.closed);
            match state.mutant {
                Some(Mutant::PurgeSkipped) if closed => Ok(()),
                Some(Mutant::ForgetFirst) => {
                    state.world.keys.retain(|(of, _), _| of != cluster);
                    state.sleepers.insert(state.t + 3 * SECOND);
                    Ok(())
                }
                _ => keeper::purge(state, cluster, reason),
            }
        };
        self.effect(|| format!("purge {cluster}"), effect).await
    }

    async fn clean(&self, cluster: &ClusterId) -> Result<(), BackendError> {
        self.effect(|| format!("clean {cluster}"), |state| keeper::clean(state, cluster)).await
    }

    async fn traces(&self) -> Result<Vec<ClusterId>, BackendError> {
        self.effect(|| "traces".into(), |_| Ok(())).await?;
        let state = self.hub.lock();
        Ok(state.world.sites.iter().filter(|(_, site)| site.folder).map(|(id, _)| id.clone()).collect())
    }

    async fn renew_leases(&self, clusters: &[ClusterId]) {
        let gate = self.enter(Kind::Word, || "renew leases".into()).await;
        if !gate.fails_before() && !self.is(Mutant::LeaseForgotten) {
            leases::renew(&mut self.hub.lock(), clusters);
        }
        self.hub.leave(&gate).await;
    }

    async fn connection(&self, _: &ClusterRecord) -> Result<ConnectionView, BackendError> {
        Err(BackendError::new("not_simulated", "nobody connects here"))
    }

    async fn forget_members(&self, cluster: &ClusterId, members: &[Member]) -> Result<(), BackendError> {
        let what = || format!("forget {} of {cluster}", members.len());
        self.effect(what, |state| keeper::forget(state, cluster, members)).await
    }

    async fn remove_programs(&self, _: &BTreeSet<String>, _: Timestamp) -> Result<(), BackendError> {
        self.effect(|| "remove programs".into(), |_| Ok(())).await
    }

    async fn forget_job(&self, _: &JobId) -> Result<(), BackendError> {
        self.effect(|| "forget a job".into(), |_| Ok(())).await
    }
}
