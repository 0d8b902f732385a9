//! Submitting, showing, cancelling and repeating jobs.

use std::collections::{BTreeMap, BTreeSet};

use caddis_core::ledger;
use caddis_core::record::{Bundle, Cancel, ClusterRecord, JobRecord, JobState, LedgerLine, NewEvent};
use caddis_core::view;
use caddis_core::world::{ClusterWorld, Observed};
use caddis_types::api::{ClusterChoice, JobView, JobWish, Program};
use caddis_types::shape::ClusterShape;
use caddis_types::{JobId, NanoDollars, Timestamp, names};

use super::{CallError, CallErrorKind, Caller};
use crate::ports::{Change, ClusterFilter, CommitError, DocumentWrite, JobFilter};
use crate::{Engine, Key, pass};

/// How often a call starts over when somebody else changed the record meanwhile.
const TRIES: usize = 20;
/// The most retries of a job; Google's API takes as many.
const RETRIES: u32 = 240;

impl Engine {
    /// Takes a job. Repeating it with the same request key answers the first one's job.
    pub async fn submit_job(&self, caller: &Caller, wish: JobWish) -> Result<JobRecord, CallError> {
        self.submit_job_with(caller, wish, |_| Vec::new()).await
    }

    /// The same, with what a face keeps of it, written in the same transaction.
    pub async fn submit_job_with(
        &self,
        caller: &Caller,
        wish: JobWish,
        documents: impl FnOnce(&JobId) -> Vec<DocumentWrite> + Send,
    ) -> Result<JobRecord, CallError> {
        self.take_job(caller, wish, Vec::new(), documents).await
    }

    async fn take_job(
        &self,
        caller: &Caller,
        wish: JobWish,
        notices: Vec<String>,
        documents: impl FnOnce(&JobId) -> Vec<DocumentWrite> + Send,
    ) -> Result<JobRecord, CallError> {
        check(&wish)?;
        if let ClusterChoice::Fresh(shape) = &wish.cluster {
            let (shape, _) = self.fit(shape)?;
            affordable(wish.max_cost, &shape)?;
        }
        if let ClusterChoice::Existing(name) = &wish.cluster {
            self.living_cluster(caller, name).await?;
        }
        let bundle = self.ports.backend.take_program(&wish.program, &wish.cwd).await?;
        let now = self.ports.clock.now();
        let id = JobId::new(now, &mut self.ports.rng());
        let request = wish.request_key.clone().map(|key| (caller.owner.clone(), key, id.clone()));
        let variables = vec![(id.to_string(), wish.variables.clone())];
        let record = JobRecord { notices, ..record(caller, id.clone(), wish, bundle, now) };
        let documents = documents(&id);
        let events = vec![NewEvent::new(now, id.as_str(), "job.submitted", "it was submitted")];
        let jobs = vec![record.clone()];
        let change = Change { jobs, variables, events, request, documents, ..Change::default() };
        let committed = self.ports.store.commit(change).await;
        // What was written is known: to read it again would be one more wait in the time that a submission takes.
        let (id, made) = match committed {
            Ok(()) => (id, Some(JobRecord { generation: 1, ..record })),
            Err(CommitError::Repeated(first)) => (first, None),
            Err(error) => return Err(error.into()),
        };
        self.queue.wake(Key::Pool);
        self.ports.notifier.changed(id.as_str());
        if let Some(made) = made {
            return Ok(made);
        }
        let stored = self.ports.store.job(&id).await?;
        stored.ok_or_else(|| CallError::new(CallErrorKind::Unavailable, "gone", format!("job `{id}` is gone")))
    }

    async fn living_cluster(&self, caller: &Caller, name: &str) -> Result<(), CallError> {
        let cluster = self.find_cluster(caller, name).await?;
        if cluster.state.is_ending() {
            let text = format!("cluster `{name}` has ended\nhint: make it anew with `caddis cluster create {name}`");
            return Err(CallError::new(CallErrorKind::Conflict, "cluster_ended", text));
        }
        Ok(())
    }

    /// A job as clients see it, with its reasons.
    pub async fn job_view(&self, record: &JobRecord) -> Result<JobView, CallError> {
        let (plan, cluster, world) = pass::plan_job(record, &self.ports).await?;
        let mut clusters = match record.attempts.len() {
            0 | 1 => Vec::new(),
            _ => self.ports.store.clusters(&ClusterFilter { job: Some(record.id.clone()), ..Default::default() }).await?,
        };
        if let Some(cluster) = cluster.filter(|c| !clusters.iter().any(|other| other.id == c.id)) {
            clusters.push(cluster);
        }
        let (tariff, now) = (&self.ports.settings.tariff, self.ports.clock.now());
        let lines = self.lines_of_shared(record, &clusters, world.as_ref()).await?;
        Ok(view::job(record, &clusters, &lines, world.as_ref(), plan.report, tariff, now))
    }

    /// The ledger's lines of the clusters that a job ran on and that outlive it, with what is open in their books.
    async fn lines_of_shared(
        &self,
        record: &JobRecord,
        clusters: &[ClusterRecord],
        world: Option<&ClusterWorld>,
    ) -> Result<Vec<LedgerLine>, CallError> {
        let ClusterChoice::Existing(_) = record.cluster else { return Ok(Vec::new()) };
        let ids: BTreeSet<_> = record.attempts.iter().map(|attempt| &attempt.cluster).collect();
        let mut lines = Vec::new();
        for id in ids {
            lines.extend(self.ports.store.ledger_of_job(id, &record.id).await?);
        }
        let members = world.and_then(|world| match &world.members {
            Observed::Known(members) => Some(members),
            Observed::Unknown(_) => None,
        });
        let (tariff, now) = (&self.ports.settings.tariff, self.ports.clock.now());
        let living = clusters.iter().filter(|cluster| !cluster.state.is_ended());
        let here = living.filter(|cluster| Some(&cluster.id) == record.cluster_id());
        let open = here.flat_map(|cluster| ledger::open(cluster, members, tariff, now));
        // What was entered since the cluster was read is in both.
        let entered: BTreeSet<_> = lines.iter().map(|line| line.key.clone()).collect();
        lines.extend(open.filter(|line| !entered.contains(&line.key)));
        Ok(lines)
    }

    /// The caller's jobs, newest first.
    pub async fn jobs(&self, caller: &Caller, active: bool, limit: u32) -> Result<Vec<JobRecord>, CallError> {
        let filter = JobFilter { owner: Some(caller.owner.clone()), active, limit, ..JobFilter::default() };
        Ok(self.ports.store.jobs(&filter).await?)
    }

    /// Wishes the end of a job. Repeating it is harmless; with `hurry` it skips the polite part.
    pub async fn cancel_job(&self, caller: &Caller, reference: &str, hurry: bool) -> Result<JobRecord, CallError> {
        for _ in 0..TRIES {
            let mut record = self.find_job(caller, reference).await?;
            let asked = record.cancel.as_ref().is_some_and(|cancel| cancel.hurry || !hurry);
            if record.is_ended() || asked {
                return Ok(record);
            }
            let now = self.ports.clock.now();
            record.cancel = Some(Cancel { by: caller.owner.clone(), at: now, hurry });
            let message = format!("`{}` wants it cancelled", caller.owner);
            let events = vec![NewEvent::new(now, record.id.as_str(), "job.cancelling", message)];
            let id = record.id.clone();
            match self.ports.store.commit(Change { jobs: vec![record], events, ..Change::default() }).await {
                Ok(()) => {
                    self.queue.wake(Key::Job(id.clone()));
                    self.ports.notifier.changed(id.as_str());
                }
                Err(CommitError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(busy(reference))
    }

    /// Submits an ended job again, as a new one with the same wishes.
    pub async fn repeat_job(&self, caller: &Caller, reference: &str) -> Result<JobRecord, CallError> {
        let old = self.find_job(caller, reference).await?;
        if !old.is_ended() {
            let text = format!("job `{}` has not ended\nhint: cancel it first, or wait for it", old.id);
            return Err(CallError::new(CallErrorKind::Conflict, "not_ended", text));
        }
        let variables = self.ports.store.variables(old.id.as_str()).await?;
        let wish = JobWish {
            request_key: None,
            program: old.program,
            args: old.args,
            cwd: old.cwd,
            umask: old.umask,
            variables,
            name: old.name,
            tags: old.tags,
            environment: old.environment,
            cluster: old.cluster,
            retry: old.retry,
            timeout_ms: old.timeout_ms,
            keep_on_failure_ms: old.keep_on_failure_ms,
            max_cost: old.max_cost,
            stdin: false,
        };
        let empty = old.stdin.then(|| format!("standard input is not kept: unlike `{}`, this job finds it empty", old.id));
        self.take_job(caller, wish, empty.into_iter().collect(), |_| Vec::new()).await
    }
}

pub(super) fn busy(reference: &str) -> CallError {
    CallError::new(CallErrorKind::Unavailable, "busy", format!("`{reference}` changes too quickly to be changed now"))
}

fn record(caller: &Caller, id: JobId, wish: JobWish, bundle: Bundle, now: Timestamp) -> JobRecord {
    JobRecord {
        id,
        generation: 0,
        owner: caller.owner.clone(),
        name: wish.name,
        tags: wish.tags,
        program: wish.program,
        args: wish.args,
        cwd: wish.cwd,
        umask: wish.umask,
        bundle: Some(bundle),
        environment: wish.environment,
        cluster: wish.cluster,
        retry: wish.retry,
        timeout_ms: wish.timeout_ms,
        keep_on_failure_ms: wish.keep_on_failure_ms,
        max_cost: wish.max_cost,
        spent: NanoDollars(0),
        in_vain_since: None,
        stdin: wish.stdin,
        submitted_at: now,
        state: JobState::Queued { since: now, not_before: None },
        stages: BTreeMap::from([("queued".to_owned(), now)]),
        attempts: Vec::new(),
        cancel: None,
        notices: Vec::new(),
        end_cause: None,
    }
}

fn check(wish: &JobWish) -> Result<(), CallError> {
    if let Some(name) = &wish.name {
        names::check(name)?;
    }
    for key in wish.tags.keys() {
        names::check(key)?;
    }
    if wish.retry.max > RETRIES {
        let text = format!("{} retries are too many\nhint: at most {RETRIES}", wish.retry.max);
        return Err(CallError::new(CallErrorKind::Invalid, "bad_retries", text));
    }
    if wish.timeout_ms == Some(0) {
        let text = "a timeout of nothing would end it at once\nhint: write for example `--timeout 30m`";
        return Err(CallError::new(CallErrorKind::Invalid, "bad_timeout", text));
    }
    if wish.max_cost.is_some_and(|limit| limit <= NanoDollars(0)) {
        let text = "a cost limit of nothing would end it at once\nhint: write for example `--max-cost 1.50`";
        return Err(CallError::new(CallErrorKind::Invalid, "bad_max_cost", text));
    }
    if !wish.cwd.starts_with('/') {
        let text = format!("the working folder `{}` is not absolute", wish.cwd);
        return Err(CallError::new(CallErrorKind::Invalid, "bad_cwd", text));
    }
    if let Program::Script(path) = &wish.program
        && !path.starts_with('/')
    {
        let text = format!("the path of the script `{path}` is not absolute\nhint: the server has no folder of yours to begin at");
        return Err(CallError::new(CallErrorKind::Invalid, "bad_script", text));
    }
    if let Some(arg) = wish.args.iter().find(|arg| arg.contains('\0')) {
        let text = format!("the argument `{}` holds a zero byte, which no program can be given", arg.escape_debug());
        return Err(CallError::new(CallErrorKind::Invalid, "bad_argument", text));
    }
    variables(&wish.variables)
}

/// A limit that does not pay for the first minute is refused: nothing could come of it.
fn affordable(limit: Option<NanoDollars>, shape: &ClusterShape) -> Result<(), CallError> {
    let least = ledger::least(shape);
    match limit {
        Some(limit) if limit < least => {
            let workers = shape.workers_min;
            let text = format!(
                "a limit of {limit} does not pay for a minute of a scheduler and {workers} workers on Google Cloud\nhint: they \
                 cost {least}; raise `--max-cost`, or ask for fewer workers"
            );
            Err(CallError::new(CallErrorKind::Invalid, "bad_max_cost", text))
        }
        _ => Ok(()),
    }
}

/// What no process can have in its environment.
pub(super) fn variables(all: &BTreeMap<String, String>) -> Result<(), CallError> {
    let bad = |(name, value): &(&String, &String)| {
        // A shell may hold names that begin with `=`; they are passed on as they are.
        name.is_empty() || name.contains('\0') || name.chars().skip(1).any(|c| c == '=') || value.contains('\0')
    };
    match all.iter().find(bad) {
        Some((name, _)) => {
            let text = format!(
                "the variable `{}` cannot be set\nhint: a name is not empty and holds no `=`; neither it nor its value holds \
                 a zero byte",
                name.escape_debug()
            );
            Err(CallError::new(CallErrorKind::Invalid, "bad_variable", text))
        }
        None => Ok(()),
    }
}
