//! `caddis cluster logs`.

use std::cell::Cell;

use caddis_client::LogQuery;
use tokio::task::JoinSet;

use crate::candidates;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::output::stdout;
use crate::reference;
use crate::server::{Server, lost};

/// Cut connections in a row after which it is not chance any more.
const TRIES: u32 = 6;

/// Print what a cluster's scheduler and workers wrote.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The cluster; the newest by default.
    #[arg(value_name = "ID", value_parser = reference::word, add = candidates::clusters())]
    pub cluster: Option<String>,
    /// Only of these, such as `scheduler` or `worker-0003`; may be repeated.
    #[arg(long, short = 'm', value_name = "MEMBER")]
    pub member: Vec<String>,
    /// Wait for more until the cluster ends.
    #[arg(long, short = 'f')]
    pub follow: bool,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let cluster = reference::cluster(&server, args.cluster.as_deref()).await?;
    let id = cluster.id.to_string();
    let all = server.call(async |client| client.cluster_members(&id).await).await?;
    let members = wanted(&all, &args.member)?;
    let named = members.len() > 1;
    let mut tasks = JoinSet::new();
    for member in members {
        let read = read(server.clone(), id.clone(), member, args.follow, named);
        match args.follow {
            true => drop(tasks.spawn_local(read)),
            false => read.await?,
        }
    }
    while let Some(done) = tasks.join_next().await {
        done.map_err(|error| Failure::new(Exit::Failed, "internal", error))??;
    }
    Ok(0)
}

/// Those that were named, with or without the number of the attempt.
fn wanted(all: &[String], named: &[String]) -> Result<Vec<String>, Failure> {
    let is = |member: &str, name: &String| member == name || member.rsplit_once('.').is_some_and(|(slot, _)| slot == name);
    if let Some(name) = named.iter().find(|name| !all.iter().any(|member| is(member, name))) {
        let text = format!("the cluster has no log of `{name}`");
        return Err(Failure::new(Exit::NotFound, "not_found", text).hint(format!("it has logs of {}", all.join(", "))));
    }
    Ok(all.iter().filter(|member| named.is_empty() || named.iter().any(|name| is(member, name))).cloned().collect())
}

/// Whole lines, each behind the name of who wrote it where there are several.
async fn read(server: Server, cluster: String, member: String, follow: bool, named: bool) -> Result<(), Failure> {
    let prefix = if named { format!("{member}  ") } else { String::new() };
    let place = Cell::new(0);
    let mut rest = Vec::new();
    let mut tries = 0;
    loop {
        let before = place.get();
        let client = server.client().await;
        let query = LogQuery { attempt: None, offset: before, follow };
        let ended = async {
            let mut logs = client.cluster_logs(&cluster, &member, query).await?;
            while let Some(bytes) = logs.next().await? {
                place.set(logs.offset());
                rest.extend_from_slice(&bytes);
                if let Err(failure) = lines(&mut rest, &prefix) {
                    return Ok(Err(failure));
                }
            }
            Ok(Ok(()))
        };
        match ended.await {
            Ok(written) => {
                written?;
                break;
            }
            Err(error) if lost(&error) && tries == TRIES => return Err(error.into()),
            Err(error) if lost(&error) => {
                tries = if place.get() > before { 0 } else { tries + 1 };
                server.again().await?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    if !rest.is_empty() {
        rest.push(b'\n');
    }
    lines(&mut rest, &prefix)
}

fn lines(rest: &mut Vec<u8>, prefix: &str) -> Result<(), Failure> {
    let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
    let mut text = Vec::with_capacity(end + prefix.len());
    for line in rest.drain(..=end).collect::<Vec<u8>>().split_inclusive(|byte| *byte == b'\n') {
        text.extend_from_slice(prefix.as_bytes());
        text.extend_from_slice(line);
    }
    stdout(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_is_named_with_or_without_its_attempt() {
        let all = ["scheduler.1", "worker-0000.1", "worker-0000.2"].map(str::to_owned);
        assert_eq!(wanted(&all, &["worker-0000".into()]).unwrap(), all[1..]);
        assert_eq!(wanted(&all, &["worker-0000.2".into()]).unwrap(), all[2..]);
        assert_eq!(wanted(&all, &[]).unwrap(), all);
        assert_eq!(wanted(&all, &["worker".into()]).unwrap_err().exit, Exit::NotFound);
    }
}
