//! Why a job or a cluster still waits, asked of the server now and then, since a silent wait looks like one that hangs.
//!
//! Nobody is told of a wait that is over in a moment; the same words are said once.

use std::time::Duration;

use caddis_types::{Reason, ReasonCode};

use crate::server::Server;

/// The first word is due after so long.
const FIRST: Duration = Duration::from_secs(1);
/// Who waits for long asks no oftener than that: hundreds may wait at once, and each answer looks at all of them.
const LONGEST: Duration = Duration::from_secs(15);

/// The pauses between questions: each is twice the one before.
#[derive(Clone, Copy, Debug)]
pub struct Pauses(Duration);

impl Pauses {
    /// From the first one on, as for whatever has just begun to wait.
    pub const BEGIN: Pauses = Pauses(FIRST);

    /// The next one.
    pub fn take(&mut self) -> Duration {
        let pause = self.0;
        self.0 = (pause * 2).min(LONGEST);
        pause
    }
}

/// What keeps a job or a cluster waiting; nothing when it does not wait, or when nobody can be asked: the wait goes on
/// without a word then, and whoever watches it fails by itself.
pub async fn ask(server: &Server, subject: &str) -> Option<Reason> {
    let why = server.call(async |client| client.why(subject).await).await.ok()?;
    telling(&why.reasons).cloned()
}

/// The most direct reason; one of the same kind behind it says the same more exactly (a job waits for its cluster, and
/// that for its workers).
fn telling(reasons: &[Reason]) -> Option<&Reason> {
    let first = reasons.first().filter(|reason| waits(reason.code))?;
    reasons.iter().take_while(|reason| reason.code == first.code).last()
}

fn waits(code: ReasonCode) -> bool {
    use ReasonCode as Code;
    matches!(
        code,
        Code::WaitingForCapacity
            | Code::WaitingForRetry
            | Code::BuildingEnvironment
            | Code::StartingCluster
            | Code::StartingScript
            | Code::ReplacingWorker
            | Code::WorldUnknown
    )
}

/// Whether a reason says something else than the one before it. Numbers that count up (bytes that were fetched, workers
/// that are ready) are no news; those of the pool are.
pub fn is_news(said: Option<&Reason>, reason: &Reason) -> bool {
    let Some(said) = said else { return true };
    let same = match reason.code {
        ReasonCode::WaitingForCapacity => said.sentence == reason.sentence,
        _ => uncounted(&said.sentence) == uncounted(&reason.sentence),
    };
    said.code != reason.code || !same
}

fn uncounted(sentence: &str) -> String {
    sentence.chars().filter(|c| !c.is_ascii_digit()).collect()
}

/// The sentence, and what will change it.
pub fn sentence(reason: &Reason) -> String {
    match &reason.next {
        Some(next) => format!("{}; {next}", reason.sentence),
        None => reason.sentence.clone(),
    }
}

#[cfg(test)]
mod tests {
    use caddis_types::Timestamp;

    use super::*;

    fn reason(code: ReasonCode, sentence: &str) -> Reason {
        Reason::new(code, sentence, Timestamp(0))
    }

    #[test]
    fn who_waits_for_long_asks_more_and_more_rarely() {
        let mut pauses = Pauses::BEGIN;
        assert_eq!([0; 6].map(|_| pauses.take().as_secs()), [1, 2, 4, 8, 15, 15]);
    }

    #[test]
    fn the_most_exact_of_the_most_direct_reasons_is_told() {
        let job = reason(ReasonCode::StartingCluster, "its cluster is starting");
        let cluster = reason(ReasonCode::StartingCluster, "0 of 2 workers are ready");
        let limit = reason(ReasonCode::TimeLimited, "it ends at noon");
        let chain = [job.clone(), cluster.clone(), limit.clone()];
        assert_eq!(telling(&chain), Some(&cluster));
        let pool = reason(ReasonCode::WaitingForCapacity, "nothing is free");
        assert_eq!(telling(&[pool.clone(), job, cluster]), Some(&pool));
        assert_eq!(telling(&[limit]), None, "that is no wait");
        assert_eq!(telling(&[]), None);
    }

    #[test]
    fn what_only_counts_up_is_no_news() {
        let fetched = |text: &str| reason(ReasonCode::BuildingEnvironment, text);
        assert!(is_news(None, &fetched("31 of 54 MiB")));
        assert!(!is_news(Some(&fetched("31 of 54 MiB")), &fetched("32 of 54 MiB")));
        assert!(is_news(Some(&fetched("31 of 54 MiB")), &fetched("it is installed")));
        let pool = |text: &str| reason(ReasonCode::WaitingForCapacity, text);
        assert!(is_news(Some(&pool("2 ahead of it")), &pool("1 ahead of it")));
        assert!(!is_news(Some(&pool("1 ahead of it")), &pool("1 ahead of it")));
    }
}
