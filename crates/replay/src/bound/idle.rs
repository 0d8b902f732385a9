//! What workers that stay to the end of a phase must wait for the others, because tasks begin in their order.
//!
//! Whoever has begun its last task `i` sees the later ones begin after it. All of those are begun no sooner than `i` and
//! are done by the end, on the most threads there may be; so from the beginning of `i` to the end it is at least as long
//! as the longest of `i` and those after it, and as their work on all threads. What of that is more than `i` itself, the
//! thread waits. (Where memory makes `i` itself take longer, that is paid instead.) A thread without any task waits for the last one, at least. Which tasks are the last ones of threads is
//! the planner's choice: the sum for `n` threads is that of the `n` smallest waits, which grows faster and faster.

use super::order::exact;
use crate::trace::Group;

/// For the first, second, third worker that stays: what it adds, seconds of a worker. Never falls.
pub(super) fn waits(group: &Group, threads: u64, max: u32) -> Vec<f64> {
    let workers = max as usize;
    if group.is_even() {
        // What is paid for whole tasks has it already; only whoever is too many waits.
        let width = group.count().div_ceil(threads) as usize;
        return (0..workers).map(|worker| if worker < width { 0.0 } else { exact(group.longest()) }).collect();
    }
    let mut left = cheapest(group, threads * u64::from(max)).into_iter();
    let last = group.tasks.last().map_or(0.0, |(_, seconds)| exact(*seconds));
    let (mut many, mut each) = (0, 0.0);
    (0..workers)
        .map(|_| {
            let (mut wanted, mut sum) = (threads, 0.0);
            while wanted > 0 {
                if many == 0 {
                    (many, each) = left.next().unwrap_or((u64::MAX, last));
                }
                let taken = wanted.min(many);
                sum += taken as f64 * each;
                (wanted, many) = (wanted - taken, many - taken);
            }
            sum / threads as f64
        })
        .collect()
}

/// How long threads wait whose last task is this one: counts and seconds, the least first; none that is longer than that
/// of a thread without a task.
fn cheapest(group: &Group, most: u64) -> Vec<(u64, f64)> {
    let last = group.tasks.last().map_or(0.0, |(_, seconds)| exact(*seconds));
    let (mut longest, mut work) = (0.0f64, 0.0);
    let mut waits: Vec<(u64, f64)> = Vec::with_capacity(group.tasks.len());
    for (count, seconds) in group.tasks.iter().rev() {
        let seconds = exact(*seconds);
        longest = longest.max(seconds);
        // The last of these has only itself and those that were counted before.
        let after = longest.max((work + seconds) / most as f64);
        waits.push((*count, (after - seconds).min(last)));
        work += *count as f64 * seconds;
    }
    waits.sort_by(|a, b| a.1.total_cmp(&b.1));
    waits
}
