//! Cold: nothing of Caddis runs, the environment is built. `caddis run` of a trivial job against `python` with a
//! LocalCluster, the whole command each.

use anyhow::{Result, bail};
use tokio::process::Command;

use super::args::Arguments;
use super::ground::Ground;
use super::numbers::Numbers;
use super::shuffle::Shuffle;
use super::{caddis, clock};

#[derive(Clone, Copy)]
enum Side {
    Caddis,
    Local,
}

/// Each side once a round, the first round discarded. Nothing of Caddis runs at the end.
pub(super) async fn run(ground: &Ground, arguments: &Arguments, seed: u64, numbers: &mut Numbers) -> Result<()> {
    let mut shuffle = Shuffle::new(seed);
    let mut sides = [Side::Caddis, Side::Local];
    caddis::stop(ground).await?;
    for round in 0..=arguments.rounds {
        shuffle.shuffle(&mut sides);
        let discarded = &mut Numbers::default();
        let kept = if round == 0 { discarded } else { &mut *numbers };
        for side in sides {
            match side {
                Side::Caddis => {
                    let mut command = ground.caddis_run(None, &ground.job("trivial.py"));
                    kept.push("cold", "end", whole(&mut command).await?);
                    caddis::rest(ground).await?;
                    caddis::stop(ground).await?;
                }
                Side::Local => {
                    let mut command = ground.python()?;
                    command.arg(ground.job("trivial_local.py"));
                    kept.push("cold-local", "end", whole(&mut command).await?);
                }
            }
        }
        eprintln!("cold round {round} of {}", arguments.rounds);
    }
    Ok(())
}

/// Milliseconds of a whole command.
async fn whole(command: &mut Command) -> Result<f64> {
    let started = clock::monotonic();
    let output = command.output().await?;
    let ended = clock::monotonic();
    if !output.status.success() {
        bail!("{:?} ended with {}: {}", command.as_std(), output.status, String::from_utf8_lossy(&output.stderr));
    }
    Ok(clock::millis(started, ended))
}
