//! Work on a cluster that goes on waiting whatever time passes: said in front where somebody asks why, for a job that waits
//! for it shows nothing but a script that runs.
//!
//! What always holds: nothing is said of a cluster on which any task runs, nor without a word of its scheduler.

use caddis_types::dask::DaskSnapshot;

use crate::autoscale::unhelped;
use crate::record::{ClusterRecord, SlotRecord};

/// What does not run, and what would change it.
pub(crate) struct Stuck {
    /// For people.
    pub(crate) sentence: String,
    /// What to do.
    pub(crate) next: String,
}

/// What no time will bring to run, if there is such a thing.
pub(crate) fn stuck(record: &ClusterRecord, dask: &DaskSnapshot) -> Option<Stuck> {
    let (tasks, id) = (dask.tasks, &record.id);
    let waiting = tasks.queued + tasks.no_worker;
    if waiting == 0 || tasks.processing > 0 {
        return None;
    }
    let stays = |slot: &&SlotRecord| slot.retiring.is_none();
    if !record.adapts() && record.workers_desired == 0 && !record.slots.values().any(|slot| stays(&slot)) {
        let waiting = if waiting == 1 { "1 task waits".to_owned() } else { format!("{waiting} tasks wait") };
        let sentence = format!("{waiting} for a worker, and its cluster is to have none, as somebody fixed it");
        let next = format!("`caddis cluster scale {id} N` gives it workers, `caddis cluster adapt {id}` lets the load decide");
        return Some(Stuck { sentence, next });
    }
    // Where the load decides, a worker has shown that it does not help; where it does not, one that has nothing to do shows it.
    let idle = dask.workers.iter().any(|worker| worker.status == "running" && worker.processing == 0);
    let shown = record.scaling.memory.unhelped.is_some() || !record.adapts() && idle;
    let sentence = unhelped::sentence(tasks.no_worker);
    (tasks.queued == 0 && shown).then(|| Stuck { sentence, next: unhelped::NEXT.to_owned() })
}

#[cfg(test)]
mod tests {
    use caddis_types::dask::{TaskCounts, WorkerView};

    use super::*;
    use crate::arbitrary::{NOW, plain_cluster};
    use crate::autoscale::Unhelped;

    fn waits(queued: u64, no_worker: u64, processing: u64) -> DaskSnapshot {
        let tasks = TaskCounts { queued, no_worker, processing, ..TaskCounts::default() };
        DaskSnapshot { tasks, ..DaskSnapshot::default() }
    }

    fn said(record: &ClusterRecord, dask: &DaskSnapshot) -> Option<String> {
        stuck(record, dask).map(|stuck| stuck.sentence)
    }

    #[test]
    fn tasks_of_a_cluster_that_is_to_have_no_worker_wait_for_somebody() {
        let mut record = ClusterRecord { workers_desired: 0, ..plain_cluster(0, 2) };
        assert_eq!(said(&record, &waits(9, 0, 0)), None, "the load brings one");
        record.scaling.fixed = true;
        assert!(said(&record, &waits(8, 1, 0)).unwrap().starts_with("9 tasks wait for a worker"));
        assert!(said(&record, &waits(0, 1, 0)).unwrap().starts_with("1 task waits for a worker"));
        assert_eq!((said(&record, &waits(9, 0, 1)), said(&record, &waits(0, 0, 0))), (None, None));
        // The last one stayed for its results: it runs what comes.
        record.slots.insert(0, SlotRecord::first(NOW, false));
        assert_eq!(said(&record, &waits(9, 0, 0)), None);
    }

    #[test]
    fn tasks_that_no_worker_can_run_are_said_to_be_where_a_worker_has_shown_it() {
        let mut record = ClusterRecord { workers_desired: 1, ..plain_cluster(1, 1) };
        assert_eq!(said(&record, &waits(0, 2, 0)), None, "nobody is there yet");
        let idle = WorkerView { status: "running".into(), ..WorkerView::default() };
        let beside = DaskSnapshot { workers: vec![idle], ..waits(0, 2, 0) };
        assert!(said(&record, &beside).unwrap().starts_with("2 tasks wait for a resource"));
        record = plain_cluster(0, 2);
        assert_eq!(said(&record, &beside), None, "the rule will say so");
        record.scaling.memory.unhelped = Some(Unhelped { tasks: 2, stranded: 2 });
        assert!(said(&record, &waits(0, 2, 0)).is_some());
    }
}
