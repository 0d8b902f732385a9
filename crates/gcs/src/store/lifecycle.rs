//! What does not stay: staging data after some days, and what the rules of a bucket say.

use std::time::Duration;

use caddis_types::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Bucket, Object, Source, Store, StoreError};

/// Where Google's clients put what is only for a cluster or a job, in any bucket.
const STAGING_PREFIX: &str = "google-cloud-dataproc-metainfo/";
const DAY: Duration = Duration::from_secs(86_400);
const ACTIONS: [&str; 3] = ["Delete", "SetStorageClass", "AbortIncompleteMultipartUpload"];

/// One rule of a bucket. Actions but `Delete` mean nothing on one disk; they are kept and do nothing.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Rule {
    action: Action,
    condition: Condition,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Action {
    #[serde(rename = "type")]
    kind: String,
}

/// All that is named must hold. What speaks of versions that are gone never holds, since none are kept.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
struct Condition {
    age: Option<u32>,
    created_before: Option<String>,
    custom_time_before: Option<String>,
    days_since_custom_time: Option<u32>,
    days_since_noncurrent_time: Option<u32>,
    is_live: Option<bool>,
    matches_prefix: Vec<String>,
    matches_suffix: Vec<String>,
    matches_storage_class: Vec<String>,
    noncurrent_time_before: Option<String>,
    num_newer_versions: Option<u32>,
}

/// The rules in a bucket's resource; rules that cannot be read are refused.
pub(crate) fn rules(resource: &Map<String, Value>) -> Result<Vec<Rule>, StoreError> {
    let wrong = |text: String| StoreError::invalid("lifecycle", text);
    let list = match resource.get("lifecycle") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(lifecycle)) => lifecycle.get("rule").cloned().unwrap_or_else(|| Value::Array(Vec::new())),
        Some(_) => return Err(wrong("it must be an object with `rule`".to_owned())),
    };
    let rules: Vec<Rule> = serde_json::from_value(list).map_err(|error| wrong(error.to_string()))?;
    for rule in &rules {
        if !ACTIONS.contains(&rule.action.kind.as_str()) {
            return Err(wrong(format!("`{}` is not one of {}", rule.action.kind, ACTIONS.join(", "))));
        }
        if rule.condition == Condition::default() {
            return Err(wrong("a rule needs a condition".to_owned()));
        }
        let dates = [&rule.condition.created_before, &rule.condition.custom_time_before, &rule.condition.noncurrent_time_before];
        if dates.into_iter().flatten().any(|date| date.len() < 10 || !date.is_char_boundary(10)) {
            return Err(wrong("dates are written `2026-11-25`".to_owned()));
        }
    }
    Ok(rules)
}

impl Rule {
    fn deletes(&self, object: &Object, now: Timestamp) -> bool {
        let condition = &self.condition;
        let any = |list: &[String], fits: &dyn Fn(&str) -> bool| list.is_empty() || list.iter().any(|it| fits(it));
        let class = object.fields.storage_class.as_deref().unwrap_or("STANDARD");
        let versions = condition.days_since_noncurrent_time.is_some()
            || condition.noncurrent_time_before.is_some()
            || condition.num_newer_versions.is_some_and(|newer| newer > 0)
            || condition.is_live == Some(false);
        self.action.kind == "Delete"
            && !versions
            && condition.age.is_none_or(|days| now.since(object.created) >= DAY * days)
            && condition.created_before.as_ref().is_none_or(|date| object.created.rfc3339().as_str() < date.as_str())
            && custom_time(condition, object, now)
            && any(&condition.matches_prefix, &|prefix| object.name.starts_with(prefix))
            && any(&condition.matches_suffix, &|suffix| object.name.ends_with(suffix))
            && any(&condition.matches_storage_class, &|wanted| class == wanted)
    }
}

/// Dates are compared as they are written: RFC 3339 in UTC, whose order is that of time.
fn custom_time(condition: &Condition, object: &Object, now: Timestamp) -> bool {
    let Some(time) = object.fields.custom_time.as_deref() else {
        return condition.custom_time_before.is_none() && condition.days_since_custom_time.is_none();
    };
    let since = condition.days_since_custom_time.map(|days| (now - DAY * days).rfc3339());
    condition.custom_time_before.as_deref().is_none_or(|before| time < before) && since.is_none_or(|since| time <= since.as_str())
}

/// Whether an object does not stay.
fn is_due(bucket: &Bucket, rules: &[Rule], object: &Object, staging: Option<Duration>, now: Timestamp) -> bool {
    let staged = bucket.staging || object.name.starts_with(STAGING_PREFIX);
    let old = staging.is_some_and(|keep| staged && now.since(object.updated) >= keep);
    !object.fields.held() && (old || rules.iter().any(|rule| rule.deletes(object, now)))
}

impl Store {
    /// Removes what does not stay: staging data that nothing changed for `staging` (absent means that it stays), what
    /// the buckets' own rules say, and resumable uploads that nobody finished. Answers how many objects went.
    pub fn expire(&self, staging: Option<Duration>, now: Timestamp) -> Result<usize, StoreError> {
        let mut gone = 0;
        for bucket in self.buckets() {
            let rules = rules(&bucket.resource)?;
            for object in self.list(&bucket.name, "")?.iter().filter(|object| is_due(&bucket, &rules, object, staging, now)) {
                let which = Source {
                    bucket: bucket.name.clone(),
                    name: object.name.clone(),
                    generation: Some(object.generation),
                    ..Source::default()
                };
                match self.delete_if(&which) {
                    Ok(()) => gone += 1,
                    // Another one took its place, or it went by itself.
                    Err(StoreError::NoObject { .. } | StoreError::Held(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        self.expire_uploads(now)?;
        Ok(gone)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::object;

    const NOW: Timestamp = Timestamp(1_795_471_999_000_000);

    fn bucket(rules: Value) -> Bucket {
        let resource = json!({"lifecycle": {"rule": rules}});
        Bucket { resource: resource.as_object().unwrap().clone(), ..Bucket::new("ann", "p", "abc", NOW) }
    }

    fn due(bucket: &Bucket, object: &Object, staging: Option<Duration>) -> bool {
        is_due(bucket, &rules(&bucket.resource).unwrap(), object, staging, NOW)
    }

    fn aged(name: &str, days: u32) -> Object {
        let made = NOW - DAY * days;
        Object { created: made, updated: made, ..object(name) }
    }

    #[test]
    fn staging_data_goes_after_its_days() {
        let plain = bucket(json!([]));
        let staged = Bucket { staging: true, ..plain.clone() };
        let week = Some(DAY * 7);
        let meta = "google-cloud-dataproc-metainfo/uuid/jobs/j/driveroutput.000000000";
        for (bucket, name, days, keep, goes) in [
            (&plain, meta, 7, week, true),
            (&plain, meta, 6, week, false),
            (&plain, meta, 700, None, false),
            (&plain, "data.csv", 700, week, false),
            (&staged, "data.csv", 8, week, true),
            (&staged, "data.csv", 8, None, false),
        ] {
            assert_eq!(due(bucket, &aged(name, days), keep), goes, "{name} of {days} days");
        }
    }

    #[test]
    fn all_conditions_of_a_rule_must_hold() {
        let both = bucket(json!([{"action": {"type": "Delete"}, "condition": {"age": 30, "matchesPrefix": ["tmp/", "log/"]}}]));
        assert!(due(&both, &aged("log/a", 30), None));
        assert!(!due(&both, &aged("log/a", 29), None));
        assert!(!due(&both, &aged("data/a", 300), None));
        let held = Object { fields: crate::store::Fields { temporary_hold: true, ..Default::default() }, ..aged("log/a", 300) };
        assert!(!due(&both, &held, None), "a hold keeps it");
        for (condition, goes) in [
            (json!({"createdBefore": "2026-11-01"}), true),
            (json!({"createdBefore": "2020-11-01"}), false),
            (json!({"numNewerVersions": 3}), false),
            (json!({"isLive": true, "matchesSuffix": [".csv"]}), true),
            (json!({"isLive": false}), false),
            (json!({"matchesStorageClass": ["NEARLINE"]}), false),
            (json!({"daysSinceCustomTime": 1}), false),
        ] {
            let bucket = bucket(json!([{"action": {"type": "Delete"}, "condition": condition.clone()}]));
            assert_eq!(due(&bucket, &aged("a.csv", 300), None), goes, "{condition}");
        }
        let class = bucket(json!([{"action": {"type": "SetStorageClass", "storageClass": "COLDLINE"}, "condition": {"age": 1}}]));
        assert!(!due(&class, &aged("a", 300), None));
    }

    #[test]
    fn rules_that_cannot_be_read_are_refused() {
        for rule in [
            json!({"action": {"type": "Burn"}, "condition": {"age": 1}}),
            json!({"action": {"type": "Delete"}, "condition": {}}),
            json!({"action": {"type": "Delete"}, "condition": {"agge": 1}}),
            json!({"action": {"type": "Delete"}, "condition": {"age": "x"}}),
            json!({"action": {"type": "Delete"}, "condition": {"createdBefore": "soon"}}),
            json!(3),
        ] {
            assert!(rules(&bucket(json!([rule.clone()])).resource).is_err(), "{rule}");
        }
        assert!(rules(json!({"lifecycle": 3}).as_object().unwrap()).is_err());
    }
}
