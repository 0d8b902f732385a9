//! Groups of tasks: which are submitted, runnable, done; what they hold in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use caddis_core::record::Took;

use super::Micros;
use super::durations::Durations;
use super::micros;
use crate::trace::Trace;

/// One group while it is replayed.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    /// Its place in `Durations`.
    pub(super) named: usize,
    /// Not before.
    at: Micros,
    /// After the last of those that it waits for; absent for a part of the same graph.
    pause: Option<Micros>,
    /// Groups that wait for it, and how many it waits for itself.
    next: Vec<usize>,
    before: usize,
    needs: Vec<usize>,
    pub(super) pinned_by: Option<usize>,
    /// Its first group of the same graph.
    root: usize,
    is_first: bool,
    bytes: u64,
    /// What is left to begin: runs of equal tasks, and tasks that were lost with a worker.
    runs: Vec<(u64, f64)>,
    lost: Vec<f64>,
    pub(super) standing: u64,
    pub(super) running: u64,
    unfinished: u64,
    /// Groups that still need its results.
    wanted_by: usize,
    /// When its first task began.
    pub(super) began: Option<Micros>,
    pub(super) submitted: Option<Micros>,
    pub(super) tasks: u64,
}

impl Piece {
    /// Whether it waits for no other tasks of its graph.
    pub(super) fn is_first(&self) -> bool {
        self.is_first
    }
}

/// All groups of a trace.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) pieces: Vec<Piece>,
    /// Submitted and not done, oldest first.
    pub(super) active: BTreeSet<(Micros, usize)>,
    /// Active, with tasks to begin.
    pub(super) standing: BTreeSet<(Micros, usize)>,
    /// Known to the scheduler as parts of a graph, not runnable yet.
    pub(super) waiting: BTreeSet<usize>,
    /// Tasks that run or could.
    pub(super) runnable: u64,
    pub(super) data_bytes: u64,
    /// Whether any group is pinned by another at all.
    has_pins: bool,
    /// Unfinished groups by the first group of their graph.
    graphs: BTreeMap<usize, usize>,
    unfinished: usize,
    pub(super) waited: Micros,
}

impl Work {
    pub(super) fn of(trace: &Trace, durations: &mut Durations, earlier: &BTreeMap<String, Took>) -> Work {
        let places: BTreeMap<&str, usize> =
            trace.groups.iter().enumerate().map(|(index, group)| (group.group.as_str(), index)).collect();
        let mut pieces: Vec<Piece> = Vec::with_capacity(trace.groups.len());
        let mut graphs: BTreeMap<usize, usize> = BTreeMap::new();
        for (index, group) in trace.groups.iter().enumerate() {
            let before: Vec<usize> = group.after.iter().filter_map(|name| places.get(name.as_str()).copied()).collect();
            let root = match (group.pause, before.first()) {
                (None, Some(first)) => pieces[*first].root,
                _ => index,
            };
            *graphs.entry(root).or_default() += 1;
            for earlier in &before {
                pieces[*earlier].next.push(index);
                pieces[*earlier].wanted_by += 1;
            }
            pieces.push(Piece {
                named: durations.index(&group.tasks_named, earlier.get(&group.tasks_named).copied()),
                at: micros(group.at),
                pause: group.pause.map(micros),
                next: Vec::new(),
                before: before.len(),
                needs: before,
                pinned_by: group.pinned_by.as_ref().and_then(|name| places.get(name.as_str()).copied()),
                root,
                is_first: root == index,
                bytes: group.bytes,
                // The last is begun first.
                runs: group.tasks.iter().rev().copied().collect(),
                lost: Vec::new(),
                standing: 0,
                running: 0,
                unfinished: group.count(),
                wanted_by: 0,
                began: None,
                submitted: None,
                tasks: group.count(),
            });
        }
        let unfinished = pieces.len();
        let (active, standing, waiting) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let has_pins = pieces.iter().any(|piece| piece.pinned_by.is_some());
        Work { pieces, active, standing, waiting, runnable: 0, data_bytes: 0, has_pins, graphs, unfinished, waited: 0 }
    }

    /// Groups that wait for nothing, and when they are submitted.
    pub(super) fn first(&self) -> Vec<(Micros, usize)> {
        let free = self.pieces.iter().enumerate().filter(|(_, piece)| piece.before == 0);
        free.map(|(index, piece)| (piece.at + piece.pause.unwrap_or(0), index)).collect()
    }

    pub(super) fn is_done(&self) -> bool {
        self.unfinished == 0
    }

    pub(super) fn submit(&mut self, index: usize, now: Micros) {
        self.waiting.remove(&index);
        let piece = &mut self.pieces[index];
        (piece.submitted, piece.standing) = (Some(now), piece.tasks);
        self.runnable += piece.tasks;
        self.active.insert((now, index));
        self.standing.insert((now, index));
        self.announce(index);
    }

    /// The rest of the graph is known with its first group.
    fn announce(&mut self, index: usize) {
        let mut known = vec![index];
        while let Some(index) = known.pop() {
            for next in self.pieces[index].next.clone() {
                let piece = &self.pieces[next];
                if piece.pause.is_none() && piece.submitted.is_none() && self.waiting.insert(next) {
                    known.push(next);
                }
            }
        }
    }

    /// The oldest group with tasks to begin, or the next one after another.
    pub(super) fn standing_after(&self, last: Option<(Micros, usize)>) -> Option<(Micros, usize)> {
        let from = last.map_or(Bound::Unbounded, Bound::Excluded);
        self.standing.range((from, Bound::Unbounded)).next().copied()
    }

    /// Takes a task to begin; answers how long it takes.
    pub(super) fn take(&mut self, index: usize, now: Micros) -> Option<f64> {
        let piece = &mut self.pieces[index];
        let took = piece.lost.pop().or_else(|| {
            let (count, each) = piece.runs.last_mut()?;
            let each = *each;
            *count -= 1;
            if *count == 0 {
                piece.runs.pop();
            }
            Some(each)
        })?;
        piece.began.get_or_insert(now);
        piece.standing -= 1;
        piece.running += 1;
        if piece.standing == 0 {
            self.standing.remove(&(piece.submitted.unwrap_or(now), index));
        }
        Some(took)
    }

    /// A task lost its worker and must be begun again.
    pub(super) fn lose(&mut self, index: usize, took: f64) {
        let piece = &mut self.pieces[index];
        piece.lost.push(took);
        piece.standing += 1;
        piece.running -= 1;
        if let Some(submitted) = piece.submitted {
            self.standing.insert((submitted, index));
        }
    }

    /// A task ended; answers the groups that are submitted because of that, and when.
    pub(super) fn end(&mut self, index: usize, now: Micros) -> Vec<(Micros, usize)> {
        let piece = &mut self.pieces[index];
        piece.running -= 1;
        piece.unfinished -= 1;
        self.runnable -= 1;
        self.data_bytes += piece.bytes;
        if piece.unfinished > 0 {
            return Vec::new();
        }
        self.active.remove(&(piece.submitted.unwrap_or(now), index));
        self.unfinished -= 1;
        self.finish_graph(index, now);
        self.release(index);
        let next = self.pieces[index].next.clone();
        let mut ready = Vec::new();
        for next in next {
            let piece = &mut self.pieces[next];
            piece.before -= 1;
            if piece.before == 0 {
                ready.push(((now + piece.pause.unwrap_or(0)).max(piece.at), next));
            }
        }
        ready
    }

    /// Somebody waited for the whole graph.
    fn finish_graph(&mut self, index: usize, now: Micros) {
        let root = self.pieces[index].root;
        let Some(left) = self.graphs.get_mut(&root) else { return };
        *left -= 1;
        if *left == 0 {
            self.waited += now - self.pieces[root].submitted.unwrap_or(now);
        }
    }

    /// Lets go of results that nobody needs any more: those that this group waited for, and its own when it is last.
    fn release(&mut self, index: usize) {
        if self.pieces[index].next.is_empty() {
            self.forget(index);
        }
        for before in std::mem::take(&mut self.pieces[index].needs) {
            self.pieces[before].wanted_by -= 1;
            if self.pieces[before].wanted_by == 0 {
                self.forget(before);
            }
        }
    }

    fn forget(&mut self, index: usize) {
        let piece = &self.pieces[index];
        self.data_bytes = self.data_bytes.saturating_sub(piece.bytes * piece.tasks);
    }

    /// Since when workers of the newest pinning group must stay: those that were ready by then.
    pub(super) fn pinned_since(&self) -> Option<Micros> {
        if !self.has_pins {
            return None;
        }
        let pins = self.active.iter().map(|(_, index)| index).chain(&self.waiting);
        pins.filter_map(|index| self.pieces[*index].pinned_by.and_then(|by| self.pieces[by].began)).max()
    }
}
