//! What serde could not read, in people's words: which field, what stands there, what was expected, and in which line.
//!
//! Price lists, teams' files, policies, `caddis.toml` and traces are written by hand. What serde says of them (`invalid
//! type: string "x", expected f64`) names no field and speaks of Rust. Deliberately absent: unknown fields. Of those
//! serde's message is kept whole, since whoever shows it finds the nearest field in it.

use serde::de::DeserializeOwned;
use serde_path_to_error::{Path, Segment};
use thiserror::Error;

/// One thing that could not be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}", self.text())]
pub struct Misread {
    /// The line, where it is known.
    pub line: Option<usize>,
    /// The list of rows that it is in, and which row, counted from 0.
    pub row: Option<(String, usize)>,
    /// The field, within the row if there is one; empty for the whole.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

/// Reads TOML.
pub fn toml<T: DeserializeOwned>(text: &str) -> Result<T, Misread> {
    let document = ::toml::Deserializer::parse(text).map_err(|error| of_toml(text, None, &error))?;
    serde_path_to_error::deserialize(document).map_err(|error| of_toml(text, Some(error.path()), error.inner()))
}

/// What an error of TOML says of this text; without a path where the text is no TOML at all.
pub fn of_toml(text: &str, path: Option<&Path>, error: &::toml::de::Error) -> Misread {
    let before = |offset: usize| text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
    let line = error.span().map(|span| before(span.start) + 1);
    Misread { line, ..of(path, error.message().trim_end(), "a table") }
}

/// Reads a line of JSON.
pub fn json<T: DeserializeOwned>(text: &str) -> Result<T, Misread> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| of_json(Some(error.path()), error.inner()))?;
    reader.end().map_err(|error| of_json(None, &error))?;
    Ok(value)
}

fn of_json(path: Option<&Path>, error: &serde_json::Error) -> Misread {
    let message = error.to_string();
    let short = message.rsplit_once(" at line ").map_or(message.as_str(), |(short, _)| short);
    if short != "number out of range" && (error.is_syntax() || error.is_eof()) {
        let problem = format!("it is no JSON: {short} at column {}", error.column());
        return Misread { line: None, row: None, field: String::new(), problem };
    }
    of(path, short, "an object")
}

fn of(path: Option<&Path>, message: &str, fields: &str) -> Misread {
    let segments: Vec<&Segment> = path.iter().flat_map(|path| path.iter()).collect();
    let (row, rest) = match segments.as_slice() {
        [Segment::Map { key }, Segment::Seq { index }, rest @ ..] if rest.first().is_some_and(is_key) || names_field(message) => {
            (Some((key.clone(), *index)), rest)
        }
        all => (None, all),
    };
    let (field, problem) = told(&written(rest), message, fields);
    Misread { line: None, row, field, problem }
}

fn is_key(segment: &&Segment) -> bool {
    matches!(segment, Segment::Map { .. })
}

/// Whether the message itself says which field of the row it is about.
fn names_field(message: &str) -> bool {
    message.starts_with("missing field `") || message.starts_with("unknown field `")
}

/// `tasks[0][1]`, `prices.region`.
fn written(path: &[&Segment]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => text.push_str(&format!("[{index}]")),
            Segment::Map { key: name } | Segment::Enum { variant: name } if text.is_empty() => text.push_str(name),
            Segment::Map { key: name } | Segment::Enum { variant: name } => text.push_str(&format!(".{name}")),
            Segment::Unknown => {}
        }
    }
    text
}

/// The field, and what is wrong with it.
fn told(path: &str, message: &str, fields: &str) -> (String, String) {
    let within = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    let name = |before: &str| message.strip_prefix(before).and_then(|rest| rest.split('`').next());
    if let Some(name) = name("missing field `") {
        return (within(name), "is missing".to_owned());
    }
    if let Some(name) = name("duplicate field `") {
        return (within(name), "stands there twice".to_owned());
    }
    if names_field(message) {
        return (String::new(), message.to_owned());
    }
    if message == "number out of range" {
        return (path.to_owned(), "is a number beyond all bounds: none has more than 308 digits".to_owned());
    }
    let wrong = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "));
    if let Some((found, expected)) = wrong.and_then(|rest| rest.rsplit_once(", expected ")) {
        return (path.to_owned(), format!("is {}: {} was expected", found_in(found, fields), wanted(expected, found, fields)));
    }
    let length = message.strip_prefix("invalid length ").and_then(|rest| rest.split_once(", expected "));
    if let Some((length, expected)) = length {
        return (path.to_owned(), format!("has a length of {length}: {} was expected", wanted(expected, "", fields)));
    }
    let colon = if path.is_empty() { "" } else { ": " };
    (path.to_owned(), format!("{colon}{message}"))
}

/// What stands there.
fn found_in(found: &str, fields: &str) -> String {
    if let Some(text) = found.strip_prefix("string ") {
        return text.to_owned();
    }
    match found {
        "map" => fields.to_owned(),
        "sequence" => "a list".to_owned(),
        "unit value" => "nothing".to_owned(),
        // `integer `-4``, `floating point `1.5``, `boolean `true``.
        other => other.split_once(" `").map_or(other, |(_, value)| value.trim_end_matches('`')).to_owned(),
    }
}

/// What serde expected where this stands. The bound is said of what is above it, and of nothing else.
fn wanted(expected: &str, found: &str, fields: &str) -> String {
    let list = expected.strip_prefix("a tuple of size ").or_else(|| expected.strip_prefix("an array of length "));
    if let Some(length) = list {
        return format!("a list of {length}");
    }
    let above = found.starts_with("integer `") && !found.starts_with("integer `-");
    let words = match expected {
        "f32" | "f64" => "a number",
        "u8" if above => "at most 255",
        "u16" if above => "at most 65,535",
        "u32" if above => "at most 4,294,967,295",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more,",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "a string" | "a borrowed string" | "path string" => "a text in quotes",
        "a boolean" => "`true` or `false`",
        "a sequence" => "a list",
        "a map" => fields,
        other if other.starts_with("struct ") => fields,
        other => other,
    };
    words.to_owned()
}

impl Misread {
    /// What is wrong with the field, and neither line nor row.
    pub fn sentence(&self) -> String {
        match (self.field.is_empty(), self.problem.starts_with(':')) {
            (true, _) => self.problem.clone(),
            (false, true) => format!("`{}`{}", self.field, self.problem),
            (false, false) => format!("`{}` {}", self.field, self.problem),
        }
    }

    /// `at line 3: `, or nothing where the line is not known.
    pub fn place(&self) -> String {
        self.line.map_or_else(String::new, |line| format!("at line {line}: "))
    }

    /// The sentence, with the list that the field is in.
    pub fn named(&self) -> String {
        match &self.row {
            Some((list, _)) if !self.field.is_empty() => {
                Misread { field: format!("{list}.{}", self.field), row: None, ..self.clone() }.sentence()
            }
            _ => self.sentence(),
        }
    }

    fn text(&self) -> String {
        format!("{}{}", self.place(), self.named())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only read")]
    struct Row {
        count: u32,
        price: f64,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only read")]
    struct File {
        name: Option<String>,
        #[serde(default)]
        row: Vec<Row>,
        #[serde(default)]
        pairs: Vec<(u64, f64)>,
        sure: Option<bool>,
    }

    #[test]
    fn toml_names_line_field_value_and_what_was_expected() {
        for (text, said) in [
            ("name = 3", "at line 1: `name` is 3: a text in quotes was expected"),
            ("\nsure = \"yes\"", "at line 2: `sure` is \"yes\": `true` or `false` was expected"),
            ("[[row]]\ncount = -4\nprice = 1", "at line 2: `row.count` is -4: a whole number, 0 or more, was expected"),
            ("[[row]]\ncount = 5000000000\nprice = 1", "at line 2: `row.count` is 5000000000: at most 4,294,967,295 was expected"),
            ("[[row]]\ncount = 4\nprice = \"a, expected b\"", "at line 3: `row.price` is \"a, expected b\": a number was expected"),
            ("[[row]]\ncount = 4", "at line 1: `row.price` is missing"),
            ("row = 3", "at line 1: `row` is 3: a list was expected"),
            ("row = [3]", "at line 1: `row[0]` is 3: a table was expected"),
            ("pairs = [[1, 2.0], [1]]", "at line 1: `pairs[1]` has a length of 1: a list of 2 was expected"),
        ] {
            assert_eq!(toml::<File>(text).unwrap_err().to_string(), said);
        }
        let second = toml::<File>("[[row]]\ncount = 1\nprice = 1\n[[row]]\ncount = 1.5\nprice = 1").unwrap_err();
        assert_eq!((second.row, second.field.as_str(), second.line), (Some(("row".to_owned(), 1)), "count", Some(5)));
        let unknown = toml::<File>("[[row]]\nconut = 1").unwrap_err();
        assert!(unknown.problem.starts_with("unknown field `conut`, expected") && unknown.row.is_some(), "{unknown:?}");
        assert!(toml::<File>("name").unwrap_err().line.is_some(), "what is no TOML has a line too");
    }

    #[test]
    fn json_does_likewise_without_lines() {
        for (text, said) in [
            (r#"{"name":null,"sure":1}"#, "`sure` is 1: `true` or `false` was expected"),
            (r#"{"pairs":[[1,2],["x",2]]}"#, "`pairs[1][0]` is \"x\": a whole number, 0 or more, was expected"),
            (r#"{"pairs":[[1,1e400]]}"#, "`pairs[0][1]` is a number beyond all bounds: none has more than 308 digits"),
            (r#"{"row":[{"count":1}]}"#, "`row.price` is missing"),
            (r#"{"name":"a","name":"b"}"#, "`name` stands there twice"),
            ("{\"name\":", "it is no JSON: EOF while parsing a value at column 8"),
            ("{} {}", "it is no JSON: trailing characters at column 4"),
        ] {
            assert_eq!(json::<File>(text).unwrap_err().to_string(), said);
        }
    }
}
