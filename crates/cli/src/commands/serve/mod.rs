//! `caddis serve`: the server in the foreground, as a background process, or as a service.

mod install;
mod stop;

use std::path::PathBuf;

use caddis_server::{Claim, Options, ServeError};

use crate::compose::compose;
use crate::commands::built;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::home;

/// Run the server in the foreground, or install it as a service.
///
/// `caddis run` starts one in the background by itself, that ends when nothing ran for a while; this one stays. Ctrl-C
/// or SIGTERM ends it; running jobs go on, and the next server adopts them.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Write a systemd unit for this user, and say how to enable it.
    #[arg(long, conflicts_with = "stop")]
    pub install: bool,
    /// End the running server; running jobs go on, and the next server adopts them.
    #[arg(long)]
    pub stop: bool,
    /// End when nothing ran for a while; how a command starts the server.
    #[arg(long, hide = true, conflicts_with_all = ["install", "stop"])]
    pub background: bool,
}

/// Does what was asked.
pub fn run(args: &Args, named: Option<PathBuf>) -> Result<u8, Failure> {
    if args.background {
        // The signals of the terminal of whoever started us are not for us. It fails when we lead a group already,
        // which is as good.
        let _ = rustix::process::setsid();
    }
    if args.stop {
        // A server that runs can be ended whatever has become of the config since it read it.
        let home = Context::folder(named)?;
        home::check(&home)?;
        return stop::run(&home);
    }
    let context = Context::new(named)?;
    if args.install {
        return install::run(&context);
    }
    home::prepare(&context.home)?;
    built(caddis_server::runtime())?.block_on(serve(&context, args.background))
}

async fn serve(context: &Context, background: bool) -> Result<u8, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(Exit::Failed, "server", error);
    let idle_exit = Some(context.config.server.idle_exit.0).filter(|span| background && !span.is_zero());
    let options = Options { background, idle_exit };
    // The claim first: a second server must not touch the database or the keeper.
    let served = match Claim::take(context.home.path(), options) {
        Ok(claim) => {
            let exe = std::env::current_exe().map_err(|error| failed(&error))?;
            let assembly = compose(context.home.path(), exe, &context.config).await;
            let assembly = assembly.map_err(|error| failed(&format!("{error:#}")))?;
            claim.serve(assembly, options).await
        }
        Err(error) => Err(error),
    };
    match served {
        Ok(()) => Ok(0),
        // Two commands started one at once; whoever started this one finds the other.
        Err(ServeError::Taken { .. }) if background => Ok(0),
        Err(error @ ServeError::Taken { .. }) => Err(Failure::new(Exit::Conflict, "taken", error)),
        Err(error) => Err(failed(&error)),
    }
}
