//! `fields`: the part of an answer that a client wants, such as `items(name,size),nextPageToken`.

use serde_json::{Map, Value};

/// Groups within groups that one selection may have.
const DEEPEST: usize = 16;

/// The wanted fields by name, `*` for every one; one without an inner selection is wanted whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Selection {
    fields: Vec<(String, Option<Selection>)>,
}

impl Selection {
    /// The selection of a text; nothing when it is not one.
    pub(super) fn parse(text: &str) -> Option<Selection> {
        let mut rest = text;
        let selection = list(&mut rest, 0)?;
        rest.is_empty().then_some(selection)
    }

    /// What it wants of a value.
    pub(super) fn of(&self, value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(|item| self.of(item)).collect(),
            Value::Object(map) => Value::Object(map.iter().filter_map(|(name, value)| Some((name.clone(), self.field(name, value)?))).collect::<Map<_, _>>()),
            other => other.clone(),
        }
    }

    fn field(&self, name: &str, value: &Value) -> Option<Value> {
        let wanted: Vec<_> = self.fields.iter().filter(|(field, _)| field == name || field == "*").collect();
        match wanted.as_slice() {
            [] => None,
            fields if fields.iter().any(|(_, inner)| inner.is_none()) => Some(value.clone()),
            fields => {
                let inner = fields.iter().filter_map(|(_, inner)| inner.clone()).flat_map(|inner| inner.fields);
                Some(Selection { fields: inner.collect() }.of(value))
            }
        }
    }
}

fn list(rest: &mut &str, depth: usize) -> Option<Selection> {
    let mut fields = Vec::new();
    loop {
        fields.push(path(rest, depth)?);
        match rest.strip_prefix(',') {
            Some(next) => *rest = next,
            None => return Some(Selection { fields }),
        }
    }
}

fn path(rest: &mut &str, depth: usize) -> Option<(String, Option<Selection>)> {
    let end = rest.find(['/', '(', ')', ',']).unwrap_or(rest.len());
    let (name, next) = rest.split_at(end);
    let name = name.trim();
    if name.is_empty() || depth > DEEPEST {
        return None;
    }
    *rest = next;
    let inner = if let Some(next) = rest.strip_prefix('/') {
        *rest = next;
        Some(Selection { fields: vec![path(rest, depth + 1)?] })
    } else if let Some(next) = rest.strip_prefix('(') {
        *rest = next;
        let inner = list(rest, depth + 1)?;
        *rest = rest.strip_prefix(')')?;
        Some(inner)
    } else {
        None
    };
    Some((name.to_owned(), inner))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_are_taken_as_google_does() {
        let value = json!({"kind": "k", "items": [{"name": "a", "size": "1", "acl": {"x": 1, "y": 2}}], "nextPageToken": "t"});
        for (fields, part) in [
            ("kind", json!({"kind": "k"})),
            ("items(name,size),nextPageToken", json!({"items": [{"name": "a", "size": "1"}], "nextPageToken": "t"})),
            ("items/name", json!({"items": [{"name": "a"}]})),
            ("items/acl/x,items/name", json!({"items": [{"name": "a", "acl": {"x": 1}}]})),
            ("items(*)", json!({"items": value["items"]})),
            ("*", value.clone()),
            ("none", json!({})),
        ] {
            assert_eq!(Selection::parse(fields).expect(fields).of(&value), part, "{fields}");
        }
        for bad in ["", ",", "a,", "a(", "a()", "a(b", "a)", "a/", "/a", &"a/".repeat(100), &"a(".repeat(5000)] {
            assert_eq!(Selection::parse(bad), None, "{bad}");
        }
    }
}
