//! Why something is as it is: the same decision that the loop makes, asked for its reasons.

use caddis_types::{Reason, ReasonCode};

use super::lookup::NEWEST;
use super::{CallError, Caller};
use crate::{Engine, pass};

impl Engine {
    /// The chain of reasons of a job or a cluster, the most direct first.
    pub async fn why(&self, caller: &Caller, reference: &str) -> Result<(String, Vec<Reason>), CallError> {
        // What lives goes before what is over, where both have the name.
        let lives = reference != NEWEST && self.find_cluster(caller, reference).await.is_ok_and(|cluster| !cluster.state.is_ended());
        match self.find_job(caller, reference).await {
            Ok(job) if job.is_ended() && lives => self.why_cluster(caller, reference).await,
            Ok(job) => {
                let (plan, cluster, _) = pass::plan_job(&job, &self.ports).await?;
                let mut chain = self.with_pool(job.id.as_str(), plan.report).await?;
                if let Some(cluster) = cluster.filter(|_| !job.is_ended()) {
                    let (plan, _, _) = pass::plan_cluster(&cluster, &self.ports).await?;
                    chain.extend(plan.report);
                }
                Ok((job.id.to_string(), chain))
            }
            Err(_) => self.why_cluster(caller, reference).await,
        }
    }

    async fn why_cluster(&self, caller: &Caller, reference: &str) -> Result<(String, Vec<Reason>), CallError> {
        let cluster = self.find_cluster(caller, reference).await?;
        let (plan, _, _) = pass::plan_cluster(&cluster, &self.ports).await?;
        let chain = self.with_pool(cluster.id.as_str(), plan.report).await?;
        Ok((cluster.id.to_string(), chain))
    }

    /// Puts the pool's own word in the place of the general one.
    async fn with_pool(&self, subject: &str, mut chain: Vec<Reason>) -> Result<Vec<Reason>, CallError> {
        if let Some(reason) = pass::pool_reason(subject, &self.ports).await? {
            chain.retain(|reason| reason.code != ReasonCode::WaitingForCapacity);
            chain.insert(0, reason);
        }
        Ok(chain)
    }
}
