//! The filter grammar of lists: `status.state = ACTIVE AND clusterName = x AND labels.env = staging`.
//!
//! `field = value [AND field = value]...`; blanks between two terms mean AND as well; a label's value may be `*`, which
//! asks only whether the label is there. There is neither OR nor NOT, as on Google.

use std::collections::BTreeMap;

use crate::wire::Status;

/// What is asked of something.
pub(crate) struct Subject<'a> {
    /// Fields and the values that they count as.
    pub(crate) fields: Vec<(&'static str, Vec<&'a str>)>,
    pub(crate) labels: &'a BTreeMap<String, String>,
}

/// A filter that was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Filter {
    terms: Vec<(String, String)>,
}

impl Filter {
    /// Reads one; the empty filter takes everything.
    pub(crate) fn parse(text: &str) -> Result<Filter, Status> {
        let wrong = |what: String| Status::field("filter", what);
        let mut words = words(text).map_err(wrong)?.into_iter().peekable();
        let mut terms = Vec::new();
        while let Some(field) = words.next() {
            if field == "AND" && !terms.is_empty() && words.peek().is_some() {
                continue;
            }
            let (Some(equals), Some(value)) = (words.next(), words.next()) else {
                return Err(wrong(format!("`{text}` ends in the middle of `field = value`")));
            };
            if equals != "=" && equals != ":" {
                return Err(wrong(format!("`{equals}` stands where `=` belongs, after `{field}`")));
            }
            if matches!(value.as_str(), "=" | "AND") {
                return Err(wrong(format!("`{field}` has no value")));
            }
            terms.push((field, value));
        }
        Ok(Filter { terms })
    }

    /// Whether it takes everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether it takes this.
    pub(crate) fn matches(&self, subject: &Subject<'_>) -> bool {
        self.terms.iter().all(|(field, value)| match field.strip_prefix("labels.") {
            Some(label) => subject.labels.get(label).is_some_and(|found| value == "*" || found == value),
            None => {
                let named = |name: &str| name == field || snake(name) == *field;
                let found = subject.fields.iter().find(|(name, _)| named(name));
                found.is_some_and(|(_, values)| values.contains(&value.as_str()))
            }
        })
    }

    /// Refuses fields that such things do not have.
    pub(crate) fn check(&self, known: &[&str]) -> Result<(), Status> {
        let unknown = |field: &str| {
            !field.starts_with("labels.") && !known.iter().any(|name| *name == field || snake(name) == field)
        };
        match self.terms.iter().find(|(field, _)| unknown(field)) {
            None => Ok(()),
            Some((field, _)) => {
                Err(Status::field("filter", format!("there is no field `{field}`; there are {}, labels.KEY", known.join(", "))))
            }
        }
    }
}

/// `clusterName` as `cluster_name`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

/// Words, `=`, `:` and quoted texts.
fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let (word, after) = match first {
            '=' | ':' => rest.split_at(1),
            '"' => {
                let inside = &rest[1..];
                let end = inside.find('"').ok_or_else(|| format!("a quote is not closed in `{text}`"))?;
                words.push(inside[..end].to_owned());
                rest = inside[end + 1..].trim_start();
                continue;
            }
            _ => rest.split_at(rest.find(|c: char| c.is_whitespace() || c == '=' || c == ':').unwrap_or(rest.len())),
        };
        words.push(word.to_owned());
        rest = after.trim_start();
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(filter: &str) -> bool {
        let labels = BTreeMap::from([("env".to_owned(), "staging".to_owned())]);
        let fields = vec![("status.state", vec!["RUNNING", "ACTIVE"]), ("clusterName", vec!["etl"])];
        Filter::parse(filter).unwrap().matches(&Subject { fields, labels: &labels })
    }

    #[test]
    fn terms_are_all_to_hold() {
        for good in [
            "",
            "status.state = ACTIVE",
            "status.state=RUNNING",
            "status.state = ACTIVE AND clusterName = etl AND labels.env = staging",
            "cluster_name = etl labels.env = *",
            "labels.env:staging",
            "labels.env = \"staging\"",
        ] {
            assert!(takes(good), "{good}");
        }
        for other in ["status.state = INACTIVE", "clusterName = x", "labels.team = *", "labels.env = prod AND clusterName = etl"] {
            assert!(!takes(other), "{other}");
        }
    }

    #[test]
    fn a_malformed_filter_is_refused() {
        for bad in ["status.state", "status.state =", "= x", "a = b AND", "a b c", "a = \"x", "AND", "a == b"] {
            assert!(Filter::parse(bad).is_err(), "{bad}");
        }
        assert!(Filter::parse("nonsense = x").unwrap().check(&["status.state"]).is_err());
        assert!(Filter::parse("labels.x = y status.state = z").unwrap().check(&["status.state"]).is_ok());
    }
}
