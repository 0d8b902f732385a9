//! Reading a trace.

use std::collections::BTreeSet;

use caddis_core::misread::{self, Misread};
use serde::{Deserialize, Serialize};

use super::{Group, Trace, TraceError, VERSION};

/// No task takes longer, seconds: 30 days.
const LONGEST: f64 = 30.0 * 86_400.0;
/// Nothing is submitted later, seconds: a year.
const LATEST: f64 = 366.0 * 86_400.0;
/// More tasks in one trace are not replayed.
const MOST_TASKS: u64 = 50_000_000;
/// No result is larger, bytes: 1 TiB.
const LARGEST: u64 = 1 << 40;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    caddis_trace: u32,
    name: String,
    class: String,
    groups: usize,
}

impl Head {
    pub(super) fn of(trace: &Trace) -> Head {
        Head { caddis_trace: VERSION, name: trace.name.clone(), class: trace.class.clone(), groups: trace.groups.len() }
    }
}

pub(super) fn trace(text: &str) -> Result<Trace, TraceError> {
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let (_, first) = lines.next().ok_or(TraceError::Empty)?;
    let head: Head = misread::json(first).map_err(|error| TraceError::Head(said(&error)))?;
    if head.caddis_trace != VERSION {
        return Err(TraceError::Version(head.caddis_trace));
    }
    let (mut groups, mut known, mut tasks) = (Vec::with_capacity(head.groups.min(100_000)), BTreeSet::new(), 0u64);
    for (index, line) in lines {
        let group: Group =
            misread::json(line).map_err(|error| TraceError::Line { line: index + 1, why: said(&error) })?;
        check(&group, index + 1, &known)?;
        tasks = tasks.saturating_add(group.count());
        if tasks > MOST_TASKS {
            return Err(field(&group, index + 1, "tasks", tasks, "no more than 50,000,000 tasks are replayed"));
        }
        known.insert(group.group.clone());
        groups.push(group);
    }
    if groups.len() != head.groups {
        return Err(TraceError::Hole { said: head.groups, found: groups.len() });
    }
    if tasks == 0 {
        return Err(TraceError::Empty);
    }
    Ok(Trace { name: head.name, class: head.class, groups })
}

fn check(group: &Group, line: usize, known: &BTreeSet<String>) -> Result<(), TraceError> {
    let wrong = |name, value: String, why| Err(field(group, line, name, value, why));
    if group.group.is_empty() || known.contains(&group.group) {
        return wrong("group", format!("`{}`", group.group), "every group needs a name of its own");
    }
    if !(0.0..=LATEST).contains(&group.at) {
        return wrong("at", group.at.to_string(), "it must lie between 0 seconds and a year");
    }
    if let Some(pause) = group.pause.filter(|pause| !(0.0..=LATEST).contains(pause)) {
        return wrong("pause", pause.to_string(), "it must lie between 0 seconds and a year");
    }
    if let Some(missing) = group.after.iter().find(|name| !known.contains(*name)) {
        return wrong("after", format!("`{missing}`"), "there is no such group above");
    }
    if let Some(missing) = group.pinned_by.as_ref().filter(|name| !known.contains(*name)) {
        return wrong("pinned_by", format!("`{missing}`"), "there is no such group above");
    }
    if group.pinned_by.as_ref().is_some_and(|name| !group.after.contains(name)) {
        let named = group.pinned_by.as_deref().unwrap_or_default();
        return wrong("pinned_by", format!("`{named}`"), "it must be one of the groups in `after`");
    }
    if let Some(pause) = group.pause {
        let value = pause.to_string();
        if group.after.is_empty() {
            return wrong("pause", value, "it counts from the end of the groups in `after`, and there are none");
        }
        if group.at > 0.0 {
            return wrong("pause", value, "the group has `at` as well: it is submitted either then or after the pause");
        }
    }
    if group.bytes > LARGEST {
        return wrong("bytes", group.bytes.to_string(), "a result has at most 1 TiB");
    }
    if group.tasks.is_empty() {
        return wrong("tasks", "an empty list".to_owned(), "it must hold at least one pair of a count and seconds");
    }
    if let Some((_, seconds)) = group.tasks.iter().find(|(count, _)| *count == 0) {
        return wrong("tasks", pair(0, *seconds), "every count must be at least 1");
    }
    match group.tasks.iter().find(|(_, seconds)| !(0.0..=LONGEST).contains(seconds)) {
        Some((count, seconds)) => wrong("tasks", pair(*count, *seconds), "a task takes between 0 seconds and 30 days"),
        None => Ok(()),
    }
}

fn field(group: &Group, line: usize, field: &'static str, value: impl ToString, why: &'static str) -> TraceError {
    TraceError::Field { line, group: group.group.clone(), field, value: value.to_string(), why }
}

/// `1 task of 2 s`.
fn pair(count: u64, seconds: f64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} task{plural} of {seconds} s")
}

/// What could not be read. Of an unknown field the list of all is left out: the document has it.
fn said(error: &Misread) -> String {
    let text = error.named();
    text.split(", expected one of ").next().unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str = "{\"caddis_trace\":1,\"name\":\"a\",\"class\":\"hand\",\"groups\":2}\n";
    const LOAD: &str = "{\"group\":\"load\",\"tasks_named\":\"read\",\"tasks\":[[4,1.5]],\"bytes\":10}\n";

    fn read(lines: &[&str]) -> Result<Trace, TraceError> {
        trace(&lines.concat())
    }

    fn second(fields: &str) -> String {
        let line = format!("{{\"group\":\"sum\",\"tasks_named\":\"sum\",\"tasks\":[[1,1]]{fields}}}\n");
        read(&[HEAD, LOAD, &line]).unwrap_err().to_string()
    }

    #[test]
    fn what_was_written_is_read() {
        let sum = "{\"group\":\"sum\",\"tasks_named\":\"sum\",\"user\":\"ann\",\"after\":[\"load\"],\"pause\":3.0,\"tasks\":[[1,2.0]]}\n";
        let trace = read(&[HEAD, LOAD, sum]).unwrap();
        assert_eq!((trace.count(), trace.seconds(), trace.is_chain()), (5, 8.0, true));
        assert_eq!(Trace::from_text(&trace.to_text()), Ok(trace));
    }

    #[test]
    fn what_cannot_be_meant_names_line_and_field() {
        for (fields, named) in [
            (",\"at\":-1", "`at`"),
            (",\"pause\":-0.5", "`pause`"),
            (",\"after\":[\"lode\"]", "`after` is `lode`"),
            (",\"pinned_by\":\"lode\"", "`pinned_by`"),
            (",\"pinned_by\":\"load\"", "`pinned_by` is `load`: it must be one"),
            (",\"bytes\":99999999999999", "`bytes`"),
            (",\"colour\":\"red\"", "unknown field `colour`"),
            (",\"bytes\":-4", "`bytes` is -4: a whole number, 0 or more, was expected"),
            (",\"at\":\"x\"", "`at` is \"x\": a number was expected"),
            (",\"at\":1e400", "`at` is a number beyond all bounds"),
            (",\"after\":\"load\"", "`after` is \"load\": a list was expected"),
            (",\"after\":[3]", "`after[0]` is 3: a text in quotes was expected"),
            (",\"pause\":5", "`pause` is 5: it counts from the end of the groups in `after`"),
            (",\"pause\":5,\"at\":3,\"after\":[\"load\"]", "`pause` is 5: the group has `at` as well"),
            (",", "it is no JSON"),
        ] {
            let text = second(fields);
            assert!(text.contains(named) && text.contains("line 3"), "{text}");
        }
        for (tasks, named) in [
            ("[[0,1]]", "`tasks` is 0 tasks of 1 s: every count must be at least 1"),
            ("[[1,-2]]", "`tasks` is 1 task of -2 s"),
            ("[]", "`tasks` is an empty list: it must hold at least one pair"),
            ("[[1,1e99]]", "30 days"),
            ("[[1]]", "`tasks[0]` has a length of 1: a list of 2 was expected"),
            ("[[-1,1]]", "`tasks[0][0]` is -1"),
        ] {
            let line = format!("{{\"group\":\"sum\",\"tasks_named\":\"s\",\"tasks\":{tasks}}}\n");
            let text = read(&[HEAD, LOAD, &line]).unwrap_err().to_string();
            assert!(text.contains(named), "{text}");
        }
        assert!(read(&[HEAD, LOAD, LOAD]).unwrap_err().to_string().contains("a name of its own"));
    }

    #[test]
    fn a_trace_with_a_hole_is_refused() {
        assert_eq!(read(&[HEAD, LOAD]), Err(TraceError::Hole { said: 2, found: 1 }));
        assert_eq!(trace(""), Err(TraceError::Empty));
        assert!(matches!(read(&["{\"caddis_trace\":1}"]), Err(TraceError::Head(why)) if why.contains("name")));
        assert_eq!(read(&[&HEAD.replace(":1,", ":7,")]), Err(TraceError::Version(7)));
    }
}
