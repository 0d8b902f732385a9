//! Every wait has a reason: whatever has not ended says why it is as it is, at any moment.

use caddis_engine::ports::{ClusterFilter, JobFilter};
use caddis_engine::{Ports, pass};

/// Asks all that has not ended; answers who had nothing to say.
pub async fn reasons(ports: &Ports) -> Vec<String> {
    let mut silent = Vec::new();
    let active = JobFilter { active: true, ..JobFilter::default() };
    for job in ports.store.jobs(&active).await.unwrap_or_default() {
        if let Ok((plan, ..)) = pass::plan_job(&job, ports).await
            && plan.report.is_empty()
        {
            silent.push(format!("{} has no reason in {:?} on {:?}", job.id, job.state, job.attempt()));
        }
    }
    let active = ClusterFilter { active: true, ..ClusterFilter::default() };
    for cluster in ports.store.clusters(&active).await.unwrap_or_default() {
        if let Ok((plan, ..)) = pass::plan_cluster(&cluster, ports).await
            && plan.report.is_empty()
        {
            silent.push(format!("{} has no reason in {:?}", cluster.id, cluster.state));
        }
    }
    silent
}
