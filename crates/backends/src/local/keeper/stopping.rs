//! Ending members on request: one by a ladder, a whole cluster by a purge.

use std::collections::BTreeSet;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::json;

use super::keeper::{Keeper, Purge};
use super::ladder::Ladder;
use super::member::{Member, Reply};
use super::process::signal_of;
use super::requests::unknown;
use super::say;
use super::sweep::{Scope, Seen};
use super::wire::{KilledBy, Rung, SignalName, WireError};

impl Keeper {
    /// Begins to end a member. One that has ended is left as it is; one that is being stopped can only be hurried.
    pub(super) fn stop(
        &mut self,
        key: &str,
        reason: String,
        ladder: Vec<Rung>,
        now: Duration,
    ) -> Result<(), WireError> {
        let member = self.members.get(key).ok_or_else(|| unknown(key))?;
        if !member.record().alive() {
            return Ok(());
        }
        self.end(key, KilledBy::Stop { reason }, ladder, now);
        Ok(())
    }

    /// Begins to end a member that lives, or hurries.
    pub(super) fn end(&mut self, key: &str, why: KilledBy, ladder: Vec<Rung>, now: Duration) {
        self.blame(key, why);
        if self.cancel(key) {
            return;
        }
        let ladder = Ladder::new(ladder, now);
        if let Some(member) = self.members.get_mut(key) {
            let hurries = member.ladder.as_ref().is_none_or(|old| ladder.hurries(old));
            member.ladder = if hurries {
                Some(ladder)
            } else {
                member.ladder.take()
            };
        }
        self.climb(key, now);
    }

    /// Takes down why a member is about to be ended: the first reason stays.
    fn blame(&mut self, key: &str, why: KilledBy) {
        let Some(member) = self.members.get_mut(key) else {
            return;
        };
        if member.record().killed_by.is_none() {
            member.record_mut().killed_by = Some(why);
            self.changed(key);
        }
    }

    /// Takes the step of a ladder that is due.
    pub(super) fn climb(&mut self, key: &str, now: Duration) {
        let Some(member) = self.members.get_mut(key) else {
            return;
        };
        let Some(name) = member.ladder.as_mut().and_then(|ladder| ladder.step(now)) else {
            return;
        };
        if let Some(process) = &member.process {
            process.signal(signal_of(name));
        }
        if name == SignalName::Kill {
            self.sweep(Scope::Member(key.to_owned()), now);
        }
    }

    /// Kills a member for what it did.
    pub(super) fn kill(&mut self, key: &str, why: KilledBy) {
        say(&format!("`{key}` is killed: {why:?}"));
        self.blame(key, why);
        if let Some(member) = self.members.get_mut(key) {
            member.watch = None;
            member
                .process
                .iter()
                .for_each(|process| process.signal(Signal::KILL));
        }
    }

    /// Kills all that belongs to a cluster; the answer comes when nothing of it lives.
    pub(super) fn purge(&mut self, reply: Reply, cluster: &str, reason: &str, now: Duration) {
        let living = self.members.values().map(Member::record);
        let living = living.filter(|record| record.cluster == cluster && record.alive());
        let keys: Vec<String> = living.map(|record| record.key.clone()).collect();
        for key in keys {
            self.blame(
                &key,
                KilledBy::Purge {
                    reason: reason.to_owned(),
                },
            );
            self.cancel(&key);
        }
        match self
            .purges
            .iter_mut()
            .find(|purge| purge.cluster == cluster)
        {
            Some(purge) => purge.replies.push(reply),
            None => self.purges.push(Purge {
                cluster: cluster.to_owned(),
                replies: vec![reply],
            }),
        }
        self.sweep(Scope::Cluster(cluster.to_owned()), now);
    }

    /// Makes the passes that are due, over one look at all processes.
    pub(super) fn sweep_what_is_due(&mut self, now: Duration) {
        if !self.sweeps.iter().any(|sweep| sweep.due() <= now) {
            return;
        }
        let own = rustix::process::getpid().as_raw_pid();
        let spared: BTreeSet<i32> = self.fork_servers.pids().chain([own]).collect();
        let seen = Seen::now(&spared);
        for mut sweep in std::mem::take(&mut self.sweeps) {
            let clean = sweep.due() <= now && sweep.pass(&seen, now);
            if clean && !self.has_living(sweep.scope()) {
                self.swept(sweep.scope(), sweep.killed());
            } else {
                self.sweeps.push(sweep);
            }
        }
    }

    fn has_living(&self, scope: &Scope) -> bool {
        self.members
            .values()
            .map(Member::record)
            .filter(|record| record.alive())
            .any(|record| match scope {
                Scope::Member(key) => record.key == *key,
                Scope::Cluster(cluster) => record.cluster == *cluster,
            })
    }

    fn swept(&mut self, scope: &Scope, killed: usize) {
        if killed > 0 {
            say(&format!("{killed} processes of {scope:?} were killed"));
        }
        let Scope::Cluster(cluster) = scope else {
            return;
        };
        let Some(at) = self
            .purges
            .iter()
            .position(|purge| purge.cluster == *cluster)
        else {
            return;
        };
        let purge = self.purges.remove(at);
        self.answer_all(purge.replies, &Ok(json!({ "killed": killed })));
    }
}
