//! `caddis cluster create`.

use std::time::Duration;

use caddis_types::api::{ClusterPhase, ClusterView, ClusterWish};
use tokio::time::sleep;

use crate::commands::shape::{EnvironmentArgs, ShapeArgs, name, span, tag, tags};
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::output::OutputArgs;
use crate::output::say;
use crate::server::Server;
use crate::signals::Signals;
use crate::{umask, waiting};
use crate::variables::{self, parse_pair};

const LOOK_EVERY: Duration = Duration::from_secs(5);

/// Make a cluster that outlives its jobs, and wait until it serves.
///
/// `caddis run --cluster NAME` runs jobs on it, several at once; `caddis cluster connect NAME` prints how a notebook
/// connects. It ends after nothing used it for a while.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A name for people, that works wherever an ID does.
    #[arg(value_name = "NAME", value_parser = name)]
    pub name: Option<String>,
    /// A tag for reports; may be repeated.
    #[arg(long = "tag", value_name = "KEY=VALUE", value_parser = tag)]
    pub tags: Vec<(String, String)>,
    /// An environment variable of scheduler and workers; may be repeated.
    #[arg(short = 'e', long = "env", value_name = "KEY=VALUE", value_parser = parse_pair)]
    pub variables: Vec<(String, String)>,
    /// End it after nothing used it for so long; 0 means never [default: 30m].
    #[arg(long, value_name = "DURATION", value_parser = span)]
    pub idle_timeout: Option<u64>,
    /// End it after so long, whatever uses it then.
    #[arg(long, value_name = "DURATION", value_parser = span)]
    pub lifetime: Option<u64>,
    /// Leave as soon as it is asked for, before it serves.
    #[arg(long)]
    pub no_wait: bool,
    #[command(flatten)]
    shape: ShapeArgs,
    #[command(flatten)]
    environment: EnvironmentArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

pub(super) async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    args.shape.check()?;
    let (variables, _) = variables::gather(std::env::vars_os(), &[], &args.variables)?;
    let cwd = std::env::current_dir().map(|folder| folder.display().to_string()).unwrap_or_else(|_| "/".to_owned());
    let wish = ClusterWish {
        name: args.name.clone(),
        tags: tags(&args.tags)?,
        shape: args.shape.wish(&context.config.defaults),
        workers_first: None,
        environment: args.environment.wish(&context.config.defaults),
        cwd,
        umask: umask::own(),
        variables,
        idle_timeout_ms: args.idle_timeout,
        lifetime_ms: args.lifetime,
        setup: Vec::new(),
    };
    let mut signals = Signals::listen()?;
    let server = context.server().await?;
    // Not repeated when the answer is lost: there would be two.
    let cluster = server.client().await.create_cluster(&wish).await?;
    let cluster = tokio::select! {
        cluster = serving(&server, cluster.clone()), if !args.no_wait => cluster?,
        () = tell_why(&server, &cluster), if !args.no_wait => cluster,
        signal = signals.next() => {
            server.call(async |client| client.stop_cluster(cluster.id.as_str()).await).await?;
            say(&format!("cluster `{}` is being ended", cluster.id));
            return Ok(signal.exit_code());
        }
        () = std::future::ready(()), if args.no_wait => cluster,
    };
    for notice in args.shape.notice(&context.config.defaults).iter().chain(&cluster.notices) {
        say(&format!("notice: {notice}"));
    }
    args.output.print(&cluster, |cluster| format!("{}\n", cluster.id))?;
    let known = cluster.name.as_deref().unwrap_or(cluster.id.as_str());
    say(&format!("run on it with `caddis run --cluster {known} job.py`, end it with `caddis cluster stop {known}`"));
    Ok(0)
}

/// Waits until it serves; its end before that is a failure, and one that has served and is over was made all the same.
async fn serving(server: &Server, mut cluster: ClusterView) -> Result<ClusterView, Failure> {
    loop {
        match cluster.phase {
            ClusterPhase::Running => return Ok(cluster),
            ClusterPhase::Stopping | ClusterPhase::Stopped if cluster.ready_at.is_some() => return Ok(cluster),
            ClusterPhase::Stopping | ClusterPhase::Stopped | ClusterPhase::Failed => return Err(failed(&cluster)),
            ClusterPhase::Environment | ClusterPhase::Starting => {}
        }
        let (id, after) = (cluster.id.clone(), cluster.generation);
        cluster = server.call(async |client| client.watch_cluster(id.as_str(), after, LOOK_EVERY).await).await?;
    }
}

/// Says what it waits for, as long as it does.
async fn tell_why(server: &Server, cluster: &ClusterView) {
    let (mut said, mut pauses) = (None, waiting::Pauses::BEGIN);
    loop {
        sleep(pauses.take()).await;
        let Some(why) = waiting::ask(server, cluster.id.as_str()).await else { continue };
        if waiting::is_news(said.as_ref(), &why) {
            let known = cluster.name.as_deref().unwrap_or(cluster.id.as_str());
            say(&format!("caddis: cluster `{known}` does not serve yet: {}", waiting::sentence(&why)));
            said = Some(why);
        }
    }
}

fn failed(cluster: &ClusterView) -> Failure {
    let why = cluster.cause.as_ref().map_or_else(|| "it was stopped".to_owned(), |cause| cause.sentence.clone());
    let code = cluster.cause.as_ref().map_or("cluster_stopped", |cause| cause.code.as_str());
    let failure = Failure::new(Exit::Failed, code, format!("cluster `{}` did not begin to serve: {why}", cluster.id));
    let hint = cluster.cause.as_ref().and_then(|cause| cause.hint.clone());
    failure.hint(hint.unwrap_or_else(|| format!("`caddis cluster logs {}` shows what was written", cluster.id)))
}
