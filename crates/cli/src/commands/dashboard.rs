//! `caddis dashboard`: a link that logs the browser in, once.

use std::process::{Command, Stdio};

use caddis_types::api::{ClusterPhase, ClusterView, JobView, LoginLinkView};
use caddis_types::duration;

use crate::candidates;
use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::home::plain;
use crate::output::{OutputArgs, say};
use crate::reference;
use crate::server::Server;

/// Print a link to a cluster's dashboard that logs the browser in, once.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A cluster or a job; the newest cluster by default, and Caddis's own page while that does not serve.
    #[arg(value_name = "ID", value_parser = reference::word, add = candidates::jobs_and_clusters())]
    pub subject: Option<String>,
    /// Open it in a browser too.
    #[arg(long)]
    pub open: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// Does what was asked.
pub async fn run(args: &Args, context: &Context) -> Result<u8, Failure> {
    let server = context.server().await?;
    let page = page(&server, args.subject.as_deref()).await?;
    let link = link(&server, &page).await?;
    args.output.print(&link, |link| format!("{}\n", link.url))?;
    if !args.output.is_json() {
        let valid = duration::display(std::time::Duration::from_millis(link.valid_ms));
        say(&format!("it works once, within {valid}, in a browser on this machine"));
    }
    if args.open {
        browse(&link.url)?;
    }
    Ok(0)
}

/// Opens a cluster's dashboard in a browser.
pub async fn open(server: &Server, cluster: &str) -> Result<(), Failure> {
    let link = link(server, &format!("/clusters/{cluster}/status")).await?;
    browse(&link.url)
}

async fn link(server: &Server, page: &str) -> Result<LoginLinkView, Failure> {
    // A link whose answer was lost is never used, and ends by itself.
    server.call(async |client| client.login_link(Some(page)).await).await
}

async fn page(server: &Server, named: Option<&str>) -> Result<String, Failure> {
    let Some(name) = named else {
        return match reference::cluster(server, None).await {
            Ok(cluster) if cluster.phase == ClusterPhase::Running => Ok(status(&cluster)),
            Err(failure) if failure.exit != Exit::NotFound => Err(failure),
            _ => Ok("/".to_owned()),
        };
    };
    let cluster = match reference::cluster(server, Some(name)).await {
        Ok(cluster) if !over(&cluster) => cluster,
        // A job that lives goes before a cluster of that name that does not.
        Ok(cluster) => match reference::job(server, Some(name)).await {
            Ok(job) if !job.phase.is_final() => of_job(server, &job).await?,
            _ => cluster,
        },
        Err(failure) => match reference::job(server, Some(name)).await {
            Ok(job) => of_job(server, &job).await?,
            Err(_) => return Err(reference::neither(failure, named)),
        },
    };
    if cluster.phase == ClusterPhase::Running {
        return Ok(status(&cluster));
    }
    let text = format!("cluster `{}` does not serve, so it has no dashboard now", cluster.id);
    Err(Failure::new(Exit::Conflict, "not_serving", text).hint(format!("`caddis why {}` says why", cluster.id)))
}

async fn of_job(server: &Server, job: &JobView) -> Result<ClusterView, Failure> {
    let Some(cluster) = &job.cluster else {
        let text = format!("job `{}` has no cluster yet", job.id);
        return Err(Failure::new(Exit::Conflict, "no_cluster", text).hint(format!("`caddis why {}` says why", job.id)));
    };
    reference::cluster(server, Some(cluster.as_str())).await
}

fn over(cluster: &ClusterView) -> bool {
    matches!(cluster.phase, ClusterPhase::Stopped | ClusterPhase::Failed)
}

fn status(cluster: &ClusterView) -> String {
    format!("/clusters/{}/status", cluster.id)
}

/// Leaves it to the desktop which browser; what that says goes nowhere, since it would land in the script's output.
fn browse(url: &str) -> Result<(), Failure> {
    let mut command = Command::new("xdg-open");
    let started = command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    started.map(drop).map_err(|error| {
        let text = format!("no browser was opened: `xdg-open`: {}", plain(&error));
        Failure::new(Exit::Failed, "no_browser", text).hint("open the printed link in a browser on this machine")
    })
}
