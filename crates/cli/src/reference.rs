//! Which job or cluster is meant: an id, the unique beginning of one, a name, or nothing for the newest.

use caddis_types::api::{ClusterPhase, ClusterView, JobView};

use crate::failure::{Exit, Failure};
use crate::server::Server;

/// What the server understands as the newest.
pub const NEWEST: &str = "latest";

/// A word that may be meant: the longest name and the longest id are far shorter.
///
/// # Errors
/// For a word that names nothing anywhere.
pub fn word(text: &str) -> Result<String, String> {
    match text.len() {
        0 => Err("an empty word names nothing\nhint: leave it out for the newest".to_owned()),
        1..=256 => Ok(text.to_owned()),
        length => Err(format!("a word of {length} bytes is no name and no ID\nhint: `caddis job list` and `caddis cluster list` show them")),
    }
}

/// What is said of a word that is neither a job nor a cluster.
pub fn neither(mut failure: Failure, named: Option<&str>) -> Failure {
    if let Some(named) = named.filter(|_| failure.code == "not_found") {
        failure.message = format!("there is no job and no cluster `{named}`");
        let near = failure.hint.filter(|hint| hint.starts_with("did you mean"));
        failure.hint = near.or_else(|| Some("`caddis job list` and `caddis cluster list --all` show them".to_owned()));
    }
    failure
}

/// The job that is meant.
pub async fn job(server: &Server, reference: Option<&str>) -> Result<JobView, Failure> {
    let named = reference.unwrap_or(NEWEST);
    let failure = match server.call(async |client| client.job(named).await).await {
        Err(failure) if failure.exit == Exit::NotFound && reference.is_some() => failure,
        other => return other,
    };
    let all = server.call(async |client| client.jobs(false, 0).await).await?;
    let meant = begun_with(all, named, |job: &JobView| job.id.as_str(), |job| job.name.as_deref());
    meant.unwrap_or(Err(failure))
}

/// The cluster that is meant.
pub async fn cluster(server: &Server, reference: Option<&str>) -> Result<ClusterView, Failure> {
    let named = reference.unwrap_or(NEWEST);
    let failure = match server.call(async |client| client.cluster(named).await).await {
        Err(failure) if failure.exit == Exit::NotFound && reference.is_some() => failure,
        other => return other,
    };
    let all = server.call(async |client| client.clusters(false, 0).await).await?;
    let meant = begun_with(all, named, |cluster: &ClusterView| cluster.id.as_str(), |cluster| cluster.name.as_deref());
    meant.unwrap_or(Err(failure))
}

/// A job or a cluster.
#[derive(Clone, Debug)]
pub enum Subject {
    /// A job.
    Job(Box<JobView>),
    /// A cluster.
    Cluster(Box<ClusterView>),
}

/// The job or the cluster that is meant by a word that may be either's name: the one that lives, else the newer one.
pub async fn job_or_cluster(server: &Server, named: &str) -> Result<Subject, Failure> {
    let job = match job(server, Some(named)).await {
        // An id, or the beginning of one, is nothing else's name in practice.
        Ok(job) if !job.phase.is_final() || job.name.as_deref() != Some(named) => {
            return Ok(Subject::Job(Box::new(job)));
        }
        other => other,
    };
    match (job, cluster(server, Some(named)).await) {
        (Ok(job), Ok(cluster)) => Ok(preferred(job, cluster)),
        (Ok(job), Err(_)) => Ok(Subject::Job(Box::new(job))),
        (Err(_), Ok(cluster)) => Ok(Subject::Cluster(Box::new(cluster))),
        (Err(failure), Err(_)) => Err(neither(failure, Some(named))),
    }
}

fn preferred(job: JobView, cluster: ClusterView) -> Subject {
    let over = matches!(cluster.phase, ClusterPhase::Stopped | ClusterPhase::Failed);
    match (job.phase.is_final(), over) {
        (true, false) => Subject::Cluster(Box::new(cluster)),
        (true, true) if cluster.created_at > job.submitted_at => Subject::Cluster(Box::new(cluster)),
        _ => Subject::Job(Box::new(job)),
    }
}

/// The only thing whose id begins so, with or without its prefix; when several do, or a name is nearly this, that is
/// said; nothing when nothing is like it.
fn begun_with<T>(
    all: Vec<T>,
    text: &str,
    id: impl Fn(&T) -> &str,
    name: impl Fn(&T) -> Option<&str>,
) -> Option<Result<T, Failure>> {
    let body = |id: &str| id.split_once('_').map_or(String::new(), |(_, body)| body.to_owned());
    let begins = |thing: &T| id(thing).starts_with(text) || body(id(thing)).starts_with(text);
    let near = all
        .iter()
        .filter_map(&name)
        .map(|name| (strsim::jaro_winkler(name, text), name))
        .filter(|(like, _)| *like > 0.8)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, name)| name.to_owned());
    let mut found: Vec<T> = all.into_iter().filter(begins).collect();
    match found.len() {
        0 => near.map(|near| {
            let failure = Failure::new(Exit::NotFound, "not_found", format!("there is nothing called `{text}`"));
            Err(failure.hint(format!("did you mean `{near}`?")))
        }),
        1 => found.pop().map(Ok),
        several => {
            let ids: Vec<String> = found.iter().take(5).map(|thing| format!("`{}`", id(thing))).collect();
            let text = format!("`{text}` is the beginning of {several} ids: {}", ids.join(", "));
            Some(Err(Failure::new(Exit::Conflict, "ambiguous", text).hint("write more of it")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing;

    type Thing = (&'static str, Option<&'static str>);
    const ALL: [Thing; 3] = [("job_01aa", Some("etl")), ("job_01ab", None), ("job_02", Some("report"))];

    fn meant(text: &str) -> Option<Result<Thing, Failure>> {
        begun_with(ALL.to_vec(), text, |thing| thing.0, |thing| thing.1)
    }

    #[test]
    fn a_unique_beginning_is_enough() {
        assert_eq!(meant("job_02").unwrap().unwrap().0, "job_02");
        assert_eq!(meant("01ab").unwrap().unwrap().0, "job_01ab");
        assert_eq!(meant("job_01").unwrap().unwrap_err().code, "ambiguous");
    }

    #[test]
    fn of_a_job_and_a_cluster_with_one_name_the_living_is_meant_else_the_newer() {
        let is_cluster = |job: &JobView, cluster: &ClusterView| matches!(preferred(job.clone(), cluster.clone()), Subject::Cluster(_));
        let (old, living, mut cluster) = (testing::failed_job(), testing::job("RUNNING"), testing::cluster());
        assert!(is_cluster(&old, &cluster) && !is_cluster(&living, &cluster));
        cluster.phase = ClusterPhase::Stopped;
        assert!(cluster.created_at > old.submitted_at && is_cluster(&old, &cluster), "the newer");
        cluster.created_at = old.submitted_at;
        assert!(!is_cluster(&old, &cluster));
    }

    #[test]
    fn a_name_that_is_nearly_right_is_offered() {
        assert_eq!(meant("repotr").unwrap().unwrap_err().hint.unwrap(), "did you mean `report`?");
        assert!(meant("zzz").is_none());
    }
}
