//! `caddis cluster adapt`.

use caddis_types::api::{AdaptWish, ClusterView};
use caddis_types::bytes;
use caddis_types::shape::WorkerRange;

use crate::candidates;
use crate::context::Context;
use crate::failure::Failure;
use crate::output::{OutputArgs, plural, say};
use crate::reference;

/// Let the load decide how many workers there are, as it does of itself in a cluster made with a range.
///
/// `caddis why ID` says how it decides, and why.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The cluster; the newest by default.
    #[arg(value_name = "ID", value_parser = reference::word, add = candidates::active_clusters())]
    pub cluster: Option<String>,
    /// The range, such as `0..10`; the cluster's own by default.
    #[arg(long, short = 'w', value_name = "MIN..MAX", allow_negative_numbers = true)]
    pub workers: Option<WorkerRange>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let before = reference::cluster(&server, args.cluster.as_deref()).await?;
    let wish = AdaptWish { workers: args.workers };
    let cluster = server.call(async |client| client.adapt_cluster(before.id.as_str(), &wish).await).await?;
    args.output.print(&cluster, |cluster| {
        let (min, max) = (cluster.shape.workers_min, cluster.shape.workers_max);
        format!("{} has {min} to {max} workers, as the load wants\n", cluster.id)
    })?;
    for notice in notices(args.workers, &before, &cluster) {
        say(&format!("notice: {notice}"));
    }
    Ok(0)
}

/// What became of the range, also when the cluster has a notice of that since an earlier call; and what else is new.
fn notices(asked: Option<WorkerRange>, before: &ClusterView, after: &ClusterView) -> Vec<String> {
    let most = after.shape.workers_max;
    let cut = asked.map(|range| range.max).filter(|asked| *asked > most);
    let own = cut.map(|asked| {
        let (most, memory) = (plural::count(most.into(), "worker"), bytes::display(after.shape.memory_bytes));
        format!("{asked} were asked for, cut to {most}: the pool has no memory for more of {memory} each")
    });
    let new = after.notices.iter().filter(|notice| !before.notices.contains(notice));
    // The server's own word on that says less.
    let less = cut.map(|asked| format!("at most {most} workers instead of {asked}"));
    let new = new.filter(|notice| less.as_ref().is_none_or(|less| !notice.contains(less)));
    own.into_iter().chain(new.cloned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    #[test]
    fn a_range_that_is_cut_is_told_each_time_and_other_notices_once() {
        let mut before = testing::cluster();
        before.notices = vec!["an old one".to_owned()];
        let mut after = before.clone();
        let server = "at most 6 workers instead of 8: the pool has no memory for more";
        after.notices.extend([server, "a new one"].map(str::to_owned));
        let range = |max| Some(WorkerRange { min: 0, max });
        let cut = "8 were asked for, cut to 6 workers: the pool has no memory for more of 3 GiB each".to_owned();
        assert_eq!(notices(range(8), &before, &after), [cut.clone(), "a new one".to_owned()]);
        assert_eq!(notices(range(8), &after, &after), [cut], "again");
        assert!(notices(range(6), &after, &after).is_empty() && notices(None, &after, &after).is_empty());
    }
}
