//! What the server and the keeper use while nothing happens.

use std::time::Duration;

use anyhow::Result;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::ground::Ground;
use super::http::Api;
use super::numbers::Numbers;
use super::{caddis, keeper, processes};

/// How long they are watched.
const SPAN: Duration = Duration::from_secs(10);

/// Watches them; `when` tells a server that just began from one that has done all the rest.
pub(super) async fn run(ground: &Ground, when: &str, numbers: &mut Numbers) -> Result<()> {
    caddis::rest(ground).await?;
    let api = Api::of(&ground.home)?;
    let server = caddis::number(&api.get("/v1/server").await?, "pid");
    let hello = keeper::hello(ground).await?;
    let mut watched = vec![("server", server), ("keeper", caddis::number(&hello, "pid"))];
    let fork_servers = hello["fork_servers"].as_array().cloned().unwrap_or_default();
    watched.extend(fork_servers.iter().map(|view: &Value| ("fork-server", caddis::number(view, "pid"))));
    let pids: Vec<u32> = watched.iter().map(|(_, pid)| u32::try_from(*pid).unwrap_or(0)).collect();
    let usage = |pids: &[u32]| pids.iter().map(|pid| processes::usage(*pid)).collect::<Result<Vec<_>>>();
    let (before, begun) = (usage(&pids)?, Instant::now());
    sleep(SPAN).await;
    let (after, span) = (usage(&pids)?, begun.elapsed().as_secs_f64());
    for (((name, _), before), after) in watched.iter().zip(before).zip(after) {
        let name = format!("idle-{name}-{when}");
        numbers.push(&name, "resident_mb", after.resident / 1e6);
        numbers.push(&name, "proportional_mb", after.proportional / 1e6);
        numbers.push(&name, "cpu_percent", (after.cpu - before.cpu) / span * 100.0);
    }
    Ok(())
}
