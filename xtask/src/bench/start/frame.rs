//! What surrounds every measurement of a running Caddis: the ground before it, and after it that nothing is left behind.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::timeout;

use super::ground::Ground;
use super::{caddis, processes};

/// What an orderly end may take before the rest is killed.
const ORDERLY: Duration = Duration::from_secs(20);

/// The ground of a run, with this binary or the one that the checkout builds; what an earlier run left is gone.
pub(in crate::bench) fn ground(binary: Option<&Path>, python: Option<&str>) -> Result<Ground> {
    let binary = match binary {
        Some(binary) => std::path::absolute(binary)?,
        None => caddis::build()?,
    };
    let ground = Ground::make(binary, python.map(str::to_owned))?;
    processes::sweep(&ground);
    ground.clear()?;
    Ok(ground)
}

/// Measures until done or interrupted; in any case nothing that was started still runs afterwards. Answers what was
/// measured, and the processes that outlived what should have ended them.
pub(in crate::bench) async fn measured<T>(
    ground: &mut Ground,
    measure: impl AsyncFnOnce(&mut Ground) -> Result<T>,
) -> Result<(T, Vec<String>)> {
    let measured = tokio::select! {
        measured = measure(ground) => measured,
        interrupted = interruption() => interrupted.and_then(|name| bail!("interrupted by {name}; nothing was written")),
    };
    let left_behind = end(ground, measured.is_ok()).await;
    Ok((measured?, left_behind))
}

/// Ends Caddis in order when all went well, and kills whatever is left; answers what that was.
async fn end(ground: &Ground, went_well: bool) -> Vec<String> {
    if went_well {
        let orderly = async {
            if ground.home.join("server.sock").exists() {
                caddis::rest(ground).await?;
                caddis::stop(ground).await?;
            }
            anyhow::Ok(())
        };
        match timeout(ORDERLY, orderly).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => eprintln!("Caddis did not end in order: {error:#}"),
            Err(_) => eprintln!("Caddis did not end within {} s", ORDERLY.as_secs()),
        }
    }
    // The report is kept in the repository: no paths of this machine.
    let here = format!("{}/", ground.repository.display());
    let left = processes::sweep(ground).into_iter().map(|(pid, line)| format!("{pid} {}", line.replace(&here, "")));
    let left: Vec<String> = left.collect();
    for line in left.iter().filter(|_| went_well) {
        eprintln!("left behind, killed now: {line}");
    }
    left
}

/// Ctrl-C, SIGTERM or SIGHUP.
async fn interruption() -> Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    tokio::select! {
        pressed = tokio::signal::ctrl_c() => pressed.map(|()| "Ctrl-C").map_err(Into::into),
        _ = terminate.recv() => Ok("SIGTERM"),
        _ = hang_up.recv() => Ok("SIGHUP"),
    }
}
