//! What Google refuses of a template, and what could not run here, with the field's name: before anything is kept.

use std::collections::{BTreeMap, BTreeSet};

use caddis_googleapis::dataproc::ordered_job::JobType;
use caddis_googleapis::dataproc::workflow_template_placement::Placement;
use caddis_googleapis::dataproc::{Cluster, ClusterSelector, ManagedCluster, OrderedJob, WorkflowTemplate};

use super::{graph, names, parameters};
use crate::clusters;
use crate::wire::Status;

/// A DAG may take between 10 minutes and 24 hours.
const DAG_SECONDS: std::ops::RangeInclusive<i64> = 600..=86_400;
/// What a managed cluster's name gets behind it: a hyphen and 13 characters.
const SUFFIX: &str = "-xxxxxxxxxxxxx";

type Wrong = Vec<(String, String)>;

/// Refuses a template that could not be instantiated, naming every field that is wrong. An inline one needs no id.
pub(super) fn template(template: &WorkflowTemplate, inline: bool) -> Result<(), Status> {
    let mut wrong = Wrong::new();
    if template.jobs.is_empty() {
        wrong.push(("template.jobs".to_owned(), "must have at least one job".to_owned()));
    }
    if placement(template).is_none() {
        wrong.push(("template.placement".to_owned(), "must have `managed_cluster` or `cluster_selector`".to_owned()));
    }
    whatever_is_there(template, inline, &mut wrong);
    if wrong.is_empty() { Ok(()) } else { Err(Status::fields(wrong)) }
}

/// Refuses what is wrong with a template that is kept. It may have no jobs and no placement yet: `gcloud dataproc
/// workflow-templates create` makes such a one, and the commands after it fill it.
pub(super) fn kept(template: &WorkflowTemplate) -> Result<(), Status> {
    let mut wrong = Wrong::new();
    whatever_is_there(template, false, &mut wrong);
    if wrong.is_empty() { Ok(()) } else { Err(Status::fields(wrong)) }
}

fn placement(template: &WorkflowTemplate) -> Option<&Placement> {
    template.placement.as_ref()?.placement.as_ref()
}

fn whatever_is_there(template: &WorkflowTemplate, inline: bool, wrong: &mut Wrong) {
    if !(inline && template.id.is_empty()) {
        wrong.extend(names::check_id(&template.id).err().map(|what| ("template.id".to_owned(), what)));
    }
    labels(&template.labels, "template.labels", wrong);
    match placement(template) {
        None => {}
        Some(Placement::ManagedCluster(cluster)) => managed(cluster, wrong),
        Some(Placement::ClusterSelector(selector)) => self::selector(selector, wrong),
    }
    jobs(&template.jobs, wrong);
    if let Some(timeout) = &template.dag_timeout
        && !(DAG_SECONDS.contains(&timeout.seconds) && (timeout.seconds < *DAG_SECONDS.end() || timeout.nanos == 0))
    {
        let what = format!("`{}s` is not between 10 minutes (600s) and 24 hours (86400s)", timeout.seconds);
        wrong.push(("template.dag_timeout".to_owned(), what));
    }
    parameters::check(template, wrong);
}

fn managed(cluster: &ManagedCluster, wrong: &mut Wrong) {
    const AT: &str = "template.placement.managed_cluster";
    let name = &cluster.cluster_name;
    let good = (2..=35).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    match name.as_str() {
        "" => wrong.push((format!("{AT}.cluster_name"), "must be specified".to_owned())),
        _ if good => {}
        name => wrong.push((format!("{AT}.cluster_name"), format!("`{name}` must match '[a-z][a-z0-9-]{{0,33}}[a-z0-9]'"))),
    }
    if cluster.config.is_none() {
        wrong.push((format!("{AT}.config"), "must be specified".to_owned()));
    }
    // The rest is as of any cluster.
    let would_be = Cluster {
        cluster_name: format!("x{SUFFIX}"),
        config: cluster.config.clone(),
        labels: cluster.labels.clone(),
        ..Cluster::default()
    };
    let found = clusters::check(&would_be).err().map(|status| status.violations()).unwrap_or_default();
    wrong.extend(found.into_iter().map(|(field, what)| (field.replacen("cluster", AT, 1), what)));
}

fn selector(selector: &ClusterSelector, wrong: &mut Wrong) {
    const AT: &str = "template.placement.cluster_selector.cluster_labels";
    match selector.cluster_labels.is_empty() {
        true => wrong.push((AT.to_owned(), "must name at least one label".to_owned())),
        false => labels(&selector.cluster_labels, AT, wrong),
    }
}

fn jobs(jobs: &[OrderedJob], wrong: &mut Wrong) {
    let ids: BTreeSet<&str> = jobs.iter().map(|job| job.step_id.as_str()).collect();
    let mut before = BTreeSet::new();
    for (index, job) in jobs.iter().enumerate() {
        let at = |field: &str| format!("template.jobs[{index}].{field}");
        if let Err(what) = names::check_id(&job.step_id) {
            wrong.push((at("step_id"), what));
        } else if !before.insert(&job.step_id) {
            wrong.push((at("step_id"), format!("`{}` is the id of another step as well", job.step_id)));
        }
        for (number, id) in job.prerequisite_step_ids.iter().enumerate().filter(|(_, id)| !ids.contains(id.as_str())) {
            wrong.push((at(&format!("prerequisite_step_ids[{number}]")), format!("there is no step `{id}`")));
        }
        kind(job, &at, wrong);
        labels(&job.labels, &at("labels"), wrong);
        scheduling(job, &at, wrong);
    }
    let needs: BTreeMap<&str, Vec<&str>> = jobs
        .iter()
        .map(|job| (job.step_id.as_str(), job.prerequisite_step_ids.iter().map(String::as_str).collect()))
        .collect();
    if let Some(cycle) = graph::cycle(&needs) {
        let index = jobs.iter().position(|job| job.step_id == cycle[0]).unwrap_or_default();
        let what = format!("steps need each other in a circle: {} needs {}", cycle.join(" needs "), cycle[0]);
        wrong.push((format!("template.jobs[{index}].prerequisite_step_ids"), what));
    }
}

fn kind(job: &OrderedJob, at: &impl Fn(&str) -> String, wrong: &mut Wrong) {
    match &job.job_type {
        Some(JobType::PysparkJob(pyspark)) if pyspark.main_python_file_uri.is_empty() => {
            wrong.push((at("pyspark_job.main_python_file_uri"), "must be specified".to_owned()));
        }
        Some(JobType::PysparkJob(_)) => {}
        None => wrong.push((at("job_type"), "must be specified: a Python job comes as `pyspark_job`".to_owned())),
        Some(_) => {
            let what = "this Dataproc runs Python on Dask: there is no Spark, Hadoop, Hive, Pig, Presto, Trino or Flink; \
                        give the Python file as `pyspark_job`";
            wrong.push((at("job_type"), what.to_owned()));
        }
    }
}

fn scheduling(job: &OrderedJob, at: &impl Fn(&str) -> String, wrong: &mut Wrong) {
    let Some(scheduling) = &job.scheduling else { return };
    let both = [
        ("max_failures_per_hour", scheduling.max_failures_per_hour, 10),
        ("max_failures_total", scheduling.max_failures_total, 240),
    ];
    for (field, asked, most) in both.into_iter().filter(|(_, asked, most)| !(0..=*most).contains(asked)) {
        wrong.push((at(&format!("scheduling.{field}")), format!("`{asked}` is not between 0 and {most}")));
    }
}

fn labels(labels: &BTreeMap<String, String>, field: &str, wrong: &mut Wrong) {
    wrong.extend(clusters::label_map(labels, field).err().map(|status| status.violations()).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use caddis_googleapis::dataproc::{ClusterConfig, InstanceGroupConfig, PySparkJob, WorkflowTemplatePlacement};

    use super::*;

    fn job(id: &str, needs: &[&str]) -> OrderedJob {
        let pyspark = PySparkJob { main_python_file_uri: "file:///job.py".to_owned(), ..PySparkJob::default() };
        OrderedJob {
            step_id: id.to_owned(),
            job_type: Some(JobType::PysparkJob(pyspark)),
            prerequisite_step_ids: needs.iter().map(|id| (*id).to_owned()).collect(),
            ..OrderedJob::default()
        }
    }

    fn good() -> WorkflowTemplate {
        let managed =
            ManagedCluster { cluster_name: "etl".to_owned(), config: Some(ClusterConfig::default()), ..Default::default() };
        WorkflowTemplate {
            id: "daily".to_owned(),
            placement: Some(WorkflowTemplatePlacement { placement: Some(Placement::ManagedCluster(managed)) }),
            jobs: vec![job("one", &[]), job("two", &["one"])],
            ..WorkflowTemplate::default()
        }
    }

    #[track_caller]
    fn refused(change: impl FnOnce(&mut WorkflowTemplate), field: &str) {
        let mut bad = good();
        change(&mut bad);
        let status = template(&bad, false).unwrap_err();
        assert!(status.message.contains(field), "{}", status.message);
    }

    #[test]
    fn a_good_one_is_taken() {
        assert_eq!(template(&good(), false), Ok(()));
        assert_eq!(template(&WorkflowTemplate { id: String::new(), ..good() }, true), Ok(()));
    }

    #[test]
    fn one_that_is_filled_later_is_kept_and_not_run() {
        let empty = WorkflowTemplate { placement: None, jobs: Vec::new(), ..good() };
        assert_eq!(kept(&empty), Ok(()));
        let refusal = template(&empty, false).unwrap_err().message;
        assert!(refusal.contains("template.jobs") && refusal.contains("template.placement"), "{refusal}");
        assert!(kept(&WorkflowTemplate { id: String::new(), ..empty }).is_err());
    }

    #[test]
    fn every_refusal_names_its_field() {
        refused(|template| template.id.clear(), "`template.id`");
        refused(|template| template.placement = None, "`template.placement`");
        refused(|template| template.jobs.clear(), "`template.jobs`");
        refused(|template| template.jobs[1].step_id = "a b".to_owned(), "template.jobs[1].step_id");
        refused(|template| template.jobs.push(job("one", &[])), "template.jobs[2].step_id");
        refused(|template| template.jobs.push(job("three", &["four"])), "template.jobs[2].prerequisite_step_ids[0]");
        refused(|template| template.jobs[0] = job("one", &["two"]), "one needs two needs one");
        refused(|template| template.jobs[0] = job("one", &["one"]), "one needs one");
        refused(|template| template.jobs[0].job_type = None, "template.jobs[0].job_type");
        refused(|template| template.jobs[0].job_type = Some(JobType::HiveJob(Default::default())), "Python on Dask");
        for seconds in [-1, 599, 86_401] {
            let timeout = Some(prost_types::Duration { seconds, nanos: 0 });
            refused(|template| template.dag_timeout = timeout, "template.dag_timeout");
        }
        refused(|template| drop(template.labels.insert("Bad".to_owned(), String::new())), "template.labels.Bad");
    }

    #[test]
    fn a_managed_cluster_is_checked_as_any_cluster() {
        let with = |template: &mut WorkflowTemplate, cluster: ManagedCluster| {
            template.placement = Some(WorkflowTemplatePlacement { placement: Some(Placement::ManagedCluster(cluster)) });
        };
        let workers = InstanceGroupConfig { num_instances: 1, ..InstanceGroupConfig::default() };
        let config = Some(ClusterConfig { worker_config: Some(workers), ..ClusterConfig::default() });
        let one = ManagedCluster { cluster_name: "etl".to_owned(), config, ..ManagedCluster::default() };
        refused(|template| with(template, one), "template.placement.managed_cluster.config.worker_config.num_instances");
        let long = ManagedCluster { cluster_name: "x".repeat(36), config: Some(Default::default()), ..Default::default() };
        refused(|template| with(template, long), "template.placement.managed_cluster.cluster_name");
        let selector = Placement::ClusterSelector(ClusterSelector::default());
        let placement = WorkflowTemplatePlacement { placement: Some(selector) };
        refused(|template| template.placement = Some(placement), "cluster_selector.cluster_labels");
    }
}
