//! Paths to the fields that a template's parameters replace: `jobs['step'].pysparkJob.args[0]`, `labels['env']`.
//!
//! Names may be spelled as in JSON or as in the protos. What always holds: only fields that Google lets parameters
//! replace are reached, and only such as are there: a path never makes a message, a step or an argument.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MapKey, ReflectMessage, Value};

/// What parameters may replace; `*` is any kind of job, `[]` a key or an index.
const REPLACEABLE: [&str; 20] = [
    "labels[]",
    "placement.clusterselector.zone",
    "placement.clusterselector.clusterlabels[]",
    "placement.managedcluster.clustername",
    "placement.managedcluster.labels[]",
    "placement.managedcluster.config.masterconfig.numinstances",
    "placement.managedcluster.config.workerconfig.numinstances",
    "placement.managedcluster.config.secondaryworkerconfig.numinstances",
    "jobs[].labels[]",
    "jobs[].*.args[]",
    "jobs[].*.properties[]",
    "jobs[].*.scriptvariables[]",
    "jobs[].*.mainclass",
    "jobs[].*.mainjarfileuri",
    "jobs[].*.mainpythonfileuri",
    "jobs[].*.queryfileuri",
    "jobs[].*.jarfileuris[]",
    "jobs[].*.pythonfileuris[]",
    "jobs[].*.fileuris[]",
    "jobs[].*.archiveuris[]",
];

/// A path that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldPath {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    /// Lowercase, without `_`.
    name: String,
    index: Option<Index>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Index {
    Key(String),
    At(usize),
}

impl FieldPath {
    /// Reads a path, and refuses one that parameters may not replace.
    pub(super) fn parse(text: &str) -> Result<FieldPath, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        loop {
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                return Err(format!("`{text}` is not a field path such as `jobs['step-id'].pysparkJob.args[0]`"));
            }
            let (index, after) = index(after).ok_or_else(|| format!("`{text}` has a `[` that is neither `['key']` nor `[0]`"))?;
            parts.push(Part { name: plain(name), index });
            match after.strip_prefix('.') {
                Some(more) => rest = more,
                None if after.is_empty() => break,
                None => return Err(format!("`{text}` goes on after a `]` without a `.`")),
            }
        }
        let path = FieldPath { parts };
        let kind = path.kind();
        match REPLACEABLE.contains(&kind.as_str()) {
            true => Ok(path),
            false => Err(format!("`{text}` is not a field that a parameter can replace")),
        }
    }

    /// Its kind, as in [`REPLACEABLE`].
    fn kind(&self) -> String {
        let in_job = self.parts[0].name == "jobs";
        let part = |(at, part): (usize, &Part)| {
            let name = if in_job && at == 1 && part.name.ends_with("job") { "*" } else { &part.name };
            format!("{name}{}", if part.index.is_some() { "[]" } else { "" })
        };
        self.parts.iter().enumerate().map(part).collect::<Vec<_>>().join(".")
    }

    /// Whether it leads to a number.
    pub(super) fn is_number(&self) -> bool {
        self.parts.last().is_some_and(|part| part.name == "numinstances")
    }

    /// Writes `value` where it leads in a template.
    pub(super) fn set(&self, template: &mut DynamicMessage, value: &str) -> Result<(), String> {
        set(template, &self.parts, value)
    }
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase()).collect()
}

/// `['key']` or `[0]` at the beginning of a text, and what follows.
fn index(text: &str) -> Option<(Option<Index>, &str)> {
    let Some(inside) = text.strip_prefix('[') else { return Some((None, text)) };
    if let Some(key) = inside.strip_prefix('\'') {
        let (key, after) = key.split_once("']")?;
        return Some((Some(Index::Key(key.to_owned())), after));
    }
    let (number, after) = inside.split_once(']')?;
    Some((Some(Index::At(number.parse().ok()?)), after))
}

fn set(message: &mut DynamicMessage, parts: &[Part], value: &str) -> Result<(), String> {
    let (part, rest) = parts.split_first().expect("a path has parts");
    let found = message.descriptor().fields().find(|field| plain(field.name()) == part.name);
    let field = found.ok_or_else(|| format!("there is no field `{}` in `{}`", part.name, message.descriptor().name()))?;
    match &part.index {
        None if rest.is_empty() => {
            message.set_field(&field, scalar(&field, value)?);
            Ok(())
        }
        Some(Index::Key(key)) if field.is_map() && rest.is_empty() => {
            let map = message.get_field_mut(&field).as_map_mut();
            map.map(|map| map.insert(MapKey::String(key.clone()), Value::String(value.to_owned())));
            Ok(())
        }
        _ if !message.has_field(&field) => Err(format!("`{}` is not set in the template", field.json_name())),
        index => inside(message.get_field_mut(&field), &field, index.as_ref(), rest, value),
    }
}

/// Goes on in a message, a list's element, or a step of this id.
fn inside(at: &mut Value, field: &FieldDescriptor, index: Option<&Index>, rest: &[Part], value: &str) -> Result<(), String> {
    let name = field.json_name();
    match (at, index) {
        (Value::Message(message), None) => set(message, rest, value),
        (Value::List(items), Some(Index::At(at))) if rest.is_empty() => {
            let count = items.len();
            let item = items.get_mut(*at).ok_or_else(|| format!("`{name}` has {count} elements, none at {at}"))?;
            *item = Value::String(value.to_owned());
            Ok(())
        }
        (Value::List(steps), Some(Index::Key(id))) => {
            let of_id = |step: &&mut DynamicMessage| step.get_field_by_name("step_id").is_some_and(|found| found.as_str() == Some(id));
            let step = steps.iter_mut().filter_map(Value::as_message_mut).find(of_id);
            set(step.ok_or_else(|| format!("there is no step `{id}`"))?, rest, value)
        }
        _ => Err(format!("`{name}` cannot be reached so: a key belongs to maps and steps, a number to lists")),
    }
}

fn scalar(field: &FieldDescriptor, value: &str) -> Result<Value, String> {
    match field.kind() {
        Kind::String if !field.is_list() => Ok(Value::String(value.to_owned())),
        Kind::Int32 if !field.is_list() => {
            value.parse().map(Value::I32).map_err(|_| format!("`{value}` is not a whole number"))
        }
        _ => Err(format!("`{}` cannot be replaced as a whole", field.json_name())),
    }
}

#[cfg(test)]
mod tests {
    use caddis_googleapis::dataproc::ordered_job::JobType;
    use caddis_googleapis::dataproc::workflow_template_placement::Placement;
    use caddis_googleapis::dataproc::{
        ClusterConfig, InstanceGroupConfig, ManagedCluster, OrderedJob, PySparkJob, WorkflowTemplate,
        WorkflowTemplatePlacement,
    };
    use prost::Message;

    use super::*;
    use crate::raw;

    fn template() -> WorkflowTemplate {
        let job = PySparkJob { args: vec!["a".to_owned(), "b".to_owned()], ..PySparkJob::default() };
        let workers = InstanceGroupConfig { num_instances: 2, ..InstanceGroupConfig::default() };
        let config = ClusterConfig { worker_config: Some(workers), ..ClusterConfig::default() };
        let managed = ManagedCluster { config: Some(config), ..ManagedCluster::default() };
        WorkflowTemplate {
            placement: Some(WorkflowTemplatePlacement { placement: Some(Placement::ManagedCluster(managed)) }),
            jobs: vec![OrderedJob {
                step_id: "step-1".to_owned(),
                job_type: Some(JobType::PysparkJob(job)),
                ..OrderedJob::default()
            }],
            ..WorkflowTemplate::default()
        }
    }

    fn replaced(path: &str, value: &str) -> Result<WorkflowTemplate, String> {
        let mut message = raw::read("google.cloud.dataproc.v1.WorkflowTemplate", template().encode_to_vec().into()).unwrap();
        FieldPath::parse(path)?.set(&mut message, value)?;
        Ok(WorkflowTemplate::decode(message.encode_to_vec().as_slice()).unwrap())
    }

    #[test]
    fn fields_are_reached_in_either_spelling() {
        for path in ["jobs['step-1'].pysparkJob.args[1]", "jobs['step-1'].pySparkJob.args[1]", "jobs['step-1'].pyspark_job.args[1]"] {
            let Some(JobType::PysparkJob(job)) = replaced(path, "new").unwrap().jobs.remove(0).job_type else { panic!() };
            assert_eq!(job.args, ["a", "new"], "{path}");
        }
        assert_eq!(replaced("labels['env']", "prod").unwrap().labels["env"], "prod");
        let path = "placement.managedCluster.config.workerConfig.numInstances";
        let Some(Placement::ManagedCluster(managed)) = replaced(path, "5").unwrap().placement.unwrap().placement else { panic!() };
        assert_eq!(managed.config.unwrap().worker_config.unwrap().num_instances, 5);
    }

    #[test]
    fn what_is_not_there_or_not_to_be_replaced_is_refused() {
        for (path, word) in [
            ("", "not a field path"),
            ("labels", "can replace"),
            ("jobs['step-1'].stepId", "can replace"),
            ("jobs['step-1'].pysparkJob.args", "can replace"),
            ("jobs['step-1'].pysparkJob.args[2]", "2 elements"),
            ("jobs['other'].pysparkJob.args[0]", "no step"),
            ("jobs['step-1'].hiveJob.scriptVariables['x']", "not set"),
            ("placement.clusterSelector.zone", "not set"),
            ("jobs['step-1']x", "without a `.`"),
            ("labels[env]", "neither"),
            ("dagTimeout", "can replace"),
        ] {
            let error = replaced(path, "x").unwrap_err();
            assert!(error.contains(word), "{path}: {error}");
        }
        assert!(replaced("placement.managedCluster.config.workerConfig.numInstances", "many").is_err());
    }
}
