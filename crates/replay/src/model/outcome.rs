//! What came of a replay.

use caddis_types::NanoDollars;
use serde::Serialize;

/// What came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Whether all tasks ran: a policy may leave a cluster without any worker.
    pub finished: bool,
    /// From the trace's beginning to the end of its last task, seconds.
    pub makespan: f64,
    /// What users waited: from each submission to the end of all that was submitted, summed up, seconds.
    pub waited: f64,
    /// Of all workers.
    pub cost: NanoDollars,
    /// Paid for, seconds of a worker.
    pub worker_seconds: f64,
    /// Spent on tasks that ended, seconds of a thread.
    pub busy_seconds: f64,
    /// Tasks that lost their worker and ran again.
    pub repeated: u64,
    /// Workers that were asked for, those at the beginning included.
    pub started: u32,
    /// The most at any time.
    pub peak: u32,
    /// Times that the number asked for was turned from up to down or back.
    pub turns: u32,
    /// Workers and work over time.
    #[serde(skip)]
    pub points: Vec<Point>,
}

/// One moment.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Seconds from the beginning.
    pub at: f64,
    /// Workers that are paid for.
    pub paid: u32,
    /// Threads that run a task.
    pub running: u64,
    /// Tasks that could run.
    pub runnable: u64,
}
