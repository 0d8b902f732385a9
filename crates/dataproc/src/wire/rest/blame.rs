//! Which fields of a request's JSON cannot be read, in the words of Google's own transcoder.
//!
//! The decoder says what is wrong and not where. So a request that it refused is looked through once more, by the
//! descriptor, and each value that has no fields of its own is tried alone.

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor};
use serde_json::{Map, Value, json};

/// As many are named at most: a body of 10 MiB can hold a million.
const MOST: usize = 20;
/// As many characters of a value are repeated at most.
const SHOWN: usize = 200;

/// The fields that cannot be read, and what is wrong with each.
pub(super) fn wrong(descriptor: &MessageDescriptor, request: &Value) -> Vec<(String, String)> {
    let mut blame = Blame::default();
    if let Value::Object(object) = request {
        blame.message(descriptor, object, "");
    }
    blame.0
}

/// The sentence for a name that the message at `parent` does not have, or that may not stand there.
pub(super) fn unknown(name: &str, parent: &str, what: &str) -> String {
    let name = short(name);
    match parent {
        "" => format!("Invalid JSON payload received. Unknown name \"{name}\": {what}"),
        parent => format!("Invalid JSON payload received. Unknown name \"{name}\" at '{parent}': {what}"),
    }
}

#[derive(Default)]
struct Blame(Vec<(String, String)>);

impl Blame {
    fn add(&mut self, field: &str, what: String) {
        if self.0.len() < MOST {
            self.0.push((field.to_owned(), what));
        }
    }

    fn message(&mut self, descriptor: &MessageDescriptor, object: &Map<String, Value>, at: &str) {
        let mut said: Vec<FieldDescriptor> = Vec::new();
        for (name, value) in object {
            if self.0.len() >= MOST {
                return;
            }
            let Some(field) = descriptor.get_field_by_json_name(name).or_else(|| descriptor.get_field_by_name(name)) else {
                self.add(at, unknown(name, at, "Cannot find field."));
                continue;
            };
            if value.is_null() {
                continue;
            }
            let below = match at {
                "" => field.name().to_owned(),
                at => format!("{at}.{}", field.name()),
            };
            if said.contains(&field) {
                self.add(at, unknown(name, at, "It is there twice, in either spelling."));
            }
            let choice = field.containing_oneof().filter(|choice| !choice.is_synthetic());
            if let Some(choice) = choice.filter(|choice| said.iter().any(|said| said.containing_oneof().as_ref() == Some(choice))) {
                let (choice, name) = (choice.name(), field.json_name());
                let what = format!("Invalid value at '{below}' (oneof), oneof field '{choice}' is already set. Cannot set '{name}'");
                self.add(&below, what);
            }
            match value {
                // Most lists and maps are in order, and long ones are read faster whole.
                value if (field.is_list() || field.is_map()) && reads(&field, value) => {}
                Value::Array(all) if field.is_list() => {
                    for (index, one) in all.iter().enumerate() {
                        if self.0.len() >= MOST {
                            return;
                        }
                        self.value(&field, &field.kind(), one, &format!("{below}[{index}]"), |one| json!([one]));
                    }
                }
                Value::Array(_) => self.add(at, unknown(name, at, "Proto field is not repeating, cannot start list.")),
                Value::Object(all) if field.is_map() => {
                    let kind = field.kind();
                    let entry = kind.as_message().expect("a map has entries").map_entry_value_field().kind();
                    for (key, one) in all {
                        self.value(&field, &entry, one, &format!("{below}.{}", short(key)), |one| json!({ key: one }));
                    }
                }
                value if field.is_list() || field.is_map() => self.add(&below, invalid(&below, &field, &field.kind(), value)),
                value => self.value(&field, &field.kind(), value, &below, Value::clone),
            }
            said.push(field);
        }
    }

    /// One value of a field: its own, or one of its list or map, in which `within` puts it.
    fn value(&mut self, field: &FieldDescriptor, kind: &Kind, value: &Value, at: &str, within: impl Fn(&Value) -> Value) {
        match (kind, value) {
            (Kind::Message(inner), Value::Object(object)) if !well_known(inner) => self.message(inner, object, at),
            _ => {
                if !reads(field, &within(value)) {
                    self.add(at, invalid(at, field, kind, value));
                }
            }
        }
    }
}

/// Whether the decoder takes this as the whole value of a field.
fn reads(field: &FieldDescriptor, value: &Value) -> bool {
    DynamicMessage::deserialize(field.parent_message().clone(), json!({ field.json_name(): value })).is_ok()
}

/// Messages that JSON writes in a way of their own.
fn well_known(message: &MessageDescriptor) -> bool {
    message.full_name().starts_with("google.protobuf.")
}

fn invalid(at: &str, field: &FieldDescriptor, kind: &Kind, value: &Value) -> String {
    let (shown, name) = (short(&value.to_string()), field.json_name());
    let told = match (kind, value) {
        (Kind::Message(message), Value::String(text)) if message.full_name() == "google.protobuf.Duration" => {
            format!("Field '{name}', {}", bad_duration(text))
        }
        (Kind::Message(message), Value::String(text)) if message.full_name() == "google.protobuf.Timestamp" => {
            format!("Field '{name}', Invalid time format: {}", short(text))
        }
        (Kind::Message(message), _) if message.full_name() == "google.protobuf.Duration" => {
            format!("Field '{name}', Invalid data type for duration, value is {shown}")
        }
        (Kind::Message(message), _) if message.full_name() == "google.protobuf.Timestamp" => {
            format!("Field '{name}', Invalid data type for timestamp, value is {shown}")
        }
        _ => shown,
    };
    format!("Invalid value at '{at}' ({}), {told}", type_of(kind))
}

fn bad_duration(text: &str) -> &'static str {
    match text.strip_suffix('s').map(str::parse::<f64>) {
        None => "Illegal duration format; duration must end with 's'",
        Some(Ok(_)) => "Duration value exceeds limits",
        Some(Err(_)) => "Invalid duration format, failed to parse seconds",
    }
}

/// A type as Google's transcoder names it: `TYPE_INT32`, or the address of a message or an enum.
fn type_of(kind: &Kind) -> String {
    match kind {
        Kind::Message(message) => format!("type.googleapis.com/{}", message.full_name()),
        Kind::Enum(kind) => format!("type.googleapis.com/{}", kind.full_name()),
        scalar => format!("TYPE_{}", format!("{scalar:?}").to_uppercase()),
    }
}

/// A text that is not too long to be repeated.
fn short(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}...", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use caddis_googleapis::pool;

    use super::*;

    fn told(message: &str, request: Value) -> Vec<(String, String)> {
        let descriptor = pool().get_message_by_name(&format!("google.cloud.dataproc.v1.{message}")).unwrap();
        wrong(&descriptor, &request)
    }

    /// The only thing that is wrong with a cluster of this configuration.
    #[track_caller]
    fn of_config(config: Value) -> (String, String) {
        let mut all = told("CreateClusterRequest", json!({ "cluster": { "clusterName": "c", "config": config } }));
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0)
    }

    #[test]
    fn each_field_is_named_with_its_path_and_its_type() {
        let types = "type.googleapis.com/google";
        for (config, field, what) in [
            (
                json!({ "lifecycleConfig": { "idleDeleteTtl": "abc" } }),
                "lifecycle_config.idle_delete_ttl",
                format!("({types}.protobuf.Duration), Field 'idleDeleteTtl', Illegal duration format; duration must end with 's'"),
            ),
            (
                json!({ "lifecycle_config": { "idle_delete_ttl": "1e30s" } }),
                "lifecycle_config.idle_delete_ttl",
                format!("({types}.protobuf.Duration), Field 'idleDeleteTtl', Duration value exceeds limits"),
            ),
            (
                json!({ "lifecycleConfig": { "idleDeleteTtl": 600 } }),
                "lifecycle_config.idle_delete_ttl",
                format!("({types}.protobuf.Duration), Field 'idleDeleteTtl', Invalid data type for duration, value is 600"),
            ),
            (
                json!({ "lifecycleConfig": { "autoDeleteTime": "tomorrow" } }),
                "lifecycle_config.auto_delete_time",
                format!("({types}.protobuf.Timestamp), Field 'autoDeleteTime', Invalid time format: tomorrow"),
            ),
            (
                json!({ "secondaryWorkerConfig": { "preemptibility": "BOGUS" } }),
                "secondary_worker_config.preemptibility",
                format!("({types}.cloud.dataproc.v1.InstanceGroupConfig.Preemptibility), \"BOGUS\""),
            ),
            (json!({ "workerConfig": { "numInstances": "two" } }), "worker_config.num_instances", "(TYPE_INT32), \"two\"".to_owned()),
            (json!({ "workerConfig": { "numInstances": 2.5 } }), "worker_config.num_instances", "(TYPE_INT32), 2.5".to_owned()),
            (json!({ "gceClusterConfig": { "internalIpOnly": "no" } }), "gce_cluster_config.internal_ip_only", "(TYPE_BOOL), \"no\"".to_owned()),
            (json!({ "gceClusterConfig": { "tags": ["a", 7] } }), "gce_cluster_config.tags[1]", "(TYPE_STRING), 7".to_owned()),
            (json!({ "gceClusterConfig": { "tags": "a" } }), "gce_cluster_config.tags", "(TYPE_STRING), \"a\"".to_owned()),
            (json!({ "gceClusterConfig": { "metadata": { "a": 7 } } }), "gce_cluster_config.metadata.a", "(TYPE_STRING), 7".to_owned()),
            (
                json!({ "workerConfig": 7 }),
                "worker_config",
                format!("({types}.cloud.dataproc.v1.InstanceGroupConfig), 7"),
            ),
            (
                json!({ "initializationActions": [{ "executableFile": "gs://b/o" }, { "executionTimeout": "1m" }] }),
                "initialization_actions[1].execution_timeout",
                format!("({types}.protobuf.Duration), Field 'executionTimeout', Illegal duration format; duration must end with 's'"),
            ),
            (
                json!({ "lifecycleConfig": { "autoDeleteTime": "2030-01-01T00:00:00Z", "autoDeleteTtl": "600s" } }),
                "lifecycle_config.auto_delete_ttl",
                "(oneof), oneof field 'ttl' is already set. Cannot set 'autoDeleteTtl'".to_owned(),
            ),
        ] {
            let at = format!("cluster.config.{field}");
            assert_eq!(of_config(config), (at.clone(), format!("Invalid value at '{at}' {what}")));
        }
    }

    #[test]
    fn names_that_there_are_not_are_told_with_what_they_stand_in() {
        let begin = "Invalid JSON payload received. Unknown name";
        let told_of = |request| told("CreateClusterRequest", request);
        let of = |field: &str, what: String| vec![(field.to_owned(), what)];
        assert_eq!(told_of(json!({ "nope": 1 })), of("", format!("{begin} \"nope\": Cannot find field.")));
        let found = told_of(json!({ "cluster": { "nope": 1 } }));
        assert_eq!(found, of("cluster", format!("{begin} \"nope\" at 'cluster': Cannot find field.")));
        let found = told_of(json!({ "cluster": { "config": { "initializationActions": [{ "nope": {} }] } } }));
        let at = "cluster.config.initialization_actions[0]";
        assert_eq!(found, of(at, format!("{begin} \"nope\" at '{at}': Cannot find field.")));
        let found = told_of(json!({ "cluster": { "clusterName": ["c"] } }));
        let what = format!("{begin} \"clusterName\" at 'cluster': Proto field is not repeating, cannot start list.");
        assert_eq!(found, of("cluster", what));
        let found = told_of(json!({ "cluster": { "clusterName": "c", "cluster_name": "d" } }));
        assert_eq!(found[0].0, "cluster");
        assert!(found[0].1.contains("there twice"), "{found:?}");
    }

    #[test]
    fn all_are_told_but_not_without_end() {
        let many: Map<String, Value> = (0..1000).map(|n| (format!("x{n}"), json!("y".repeat(9000)))).collect();
        assert_eq!(told("CreateClusterRequest", json!({ "cluster": many })).len(), MOST);
        let long = json!({ "cluster": { "config": { "workerConfig": { "numInstances": "é".repeat(9000) } } } });
        assert!(told("CreateClusterRequest", long)[0].1.len() < 1000);
        let two = told("ListJobsRequest", json!({ "jobStateMatcher": "BOGUS", "pageSize": "x", "region": "r" }));
        let fields: Vec<_> = two.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(fields, ["job_state_matcher", "page_size"]);
    }

    #[test]
    fn what_can_be_read_is_not_blamed() {
        let config = json!({
            "gceClusterConfig": { "tags": ["a"], "metadata": { "a": "b" }, "internalIpOnly": true, "zoneUri": null },
            "workerConfig": { "numInstances": "2", "preemptibility": 1 },
            "lifecycleConfig": { "idleDeleteTtl": "600.5s" },
            "softwareConfig": { "optionalComponents": ["JUPYTER", 9], "properties": {} },
        });
        let cluster = json!({ "cluster": { "labels": { "a": "b" }, "config": config } });
        assert_eq!(told("CreateClusterRequest", cluster), []);
    }
}
