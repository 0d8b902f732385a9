//! Path templates of `google.api.http`: `/v1/{name=projects/*/regions/*/operations/*}:cancel`.
//!
//! The grammar is that of `google/api/http.proto`: segments, `*`, a final `**`, variables over several segments, a verb.

use percent_encoding::percent_decode_str;

/// A parsed template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    segments: Vec<Segment>,
    variables: Vec<Variable>,
    verb: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    One,
    Rest,
}

/// A field, and the segments it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Variable {
    field: String,
    from: usize,
    to: usize,
}

impl Template {
    /// Reads a template; panics on one that is malformed, since they come with this crate.
    pub(crate) fn parse(text: &str) -> Template {
        let (path, verb) = match text.rsplit_once(':') {
            Some((path, verb)) if !verb.contains(['/', '}']) => (path, Some(verb.to_owned())),
            _ => (text, None),
        };
        let mut template = Template { segments: Vec::new(), variables: Vec::new(), verb };
        let mut rest = path.strip_prefix('/').unwrap_or_else(|| panic!("the template `{text}` begins with `/`"));
        while !rest.is_empty() {
            rest = match rest.strip_prefix('{') {
                Some(variable) => {
                    let (inside, after) = variable.split_once('}').unwrap_or_else(|| panic!("`{text}` is not closed"));
                    template.variable(inside);
                    after
                }
                None => {
                    let end = rest.find('/').unwrap_or(rest.len());
                    template.segments.push(Segment::parse(&rest[..end]));
                    &rest[end..]
                }
            };
            rest = rest.strip_prefix('/').unwrap_or(rest);
        }
        template
    }

    fn variable(&mut self, inside: &str) {
        let (field, pattern) = inside.split_once('=').unwrap_or((inside, "*"));
        let from = self.segments.len();
        self.segments.extend(pattern.split('/').map(Segment::parse));
        self.variables.push(Variable { field: field.to_owned(), from, to: self.segments.len() });
    }

    /// How exactly it says what it matches; of two that match, the higher one is meant.
    pub(crate) fn literals(&self) -> usize {
        let literals = self.segments.iter().filter(|segment| matches!(segment, Segment::Literal(_))).count();
        literals * 2 + usize::from(self.verb.is_some())
    }

    /// The fields and their values when `path` (still percent-encoded) matches.
    pub(crate) fn matches(&self, path: &str) -> Option<Vec<(&str, String)>> {
        let path = match &self.verb {
            Some(verb) => path.strip_suffix(verb.as_str())?.strip_suffix(':')?,
            None => path,
        };
        let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let open = matches!(self.segments.last(), Some(Segment::Rest));
        let fits = if open { parts.len() + 1 >= self.segments.len() } else { parts.len() == self.segments.len() };
        let each = self.segments.iter().zip(&parts);
        if !fits || !each.clone().all(|(segment, part)| segment.takes(part)) {
            return None;
        }
        let value = |variable: &Variable| {
            let to = if open && variable.to == self.segments.len() { parts.len() } else { variable.to };
            parts[variable.from..to].iter().map(|part| percent_decode_str(part).decode_utf8_lossy()).collect::<Vec<_>>().join("/")
        };
        Some(self.variables.iter().map(|variable| (variable.field.as_str(), value(variable))).collect())
    }
}

impl Segment {
    fn parse(text: &str) -> Segment {
        match text {
            "*" => Segment::One,
            "**" => Segment::Rest,
            literal => Segment::Literal(literal.to_owned()),
        }
    }

    fn takes(&self, part: &str) -> bool {
        match self {
            Segment::Literal(literal) => literal == part,
            Segment::One => !part.is_empty(),
            Segment::Rest => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(template: &str, path: &str) -> Option<Vec<(String, String)>> {
        let template = Template::parse(template);
        template.matches(path).map(|found| found.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
    }

    fn pairs(pairs: &[(&str, &str)]) -> Option<Vec<(String, String)>> {
        Some(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn variables_take_one_segment_or_a_pattern() {
        let clusters = "/v1/projects/{project_id}/regions/{region}/clusters/{cluster_name}";
        let expected = pairs(&[("project_id", "p"), ("region", "r"), ("cluster_name", "a b")]);
        assert_eq!(matched(clusters, "/v1/projects/p/regions/r/clusters/a%20b"), expected);
        assert_eq!(matched(clusters, "/v1/projects/p/regions/r/clusters/"), None);
        assert_eq!(matched(clusters, "/v1/projects/p/regions/r/clusters/a/b"), None);
        let operation = "/v1/{name=projects/*/regions/*/operations/*}:cancel";
        let expected = pairs(&[("name", "projects/p/regions/r/operations/o")]);
        assert_eq!(matched(operation, "/v1/projects/p/regions/r/operations/o:cancel"), expected);
        assert_eq!(matched(operation, "/v1/projects/p/regions/r/operations/o"), None);
        assert_eq!(matched("/v1/{resource=**}:getIamPolicy", "/v1/a/b/c:getIamPolicy"), pairs(&[("resource", "a/b/c")]));
    }

    #[test]
    fn of_two_that_match_the_more_exact_one_is_meant() {
        let exact = Template::parse("/v1/projects/{p}/regions/{r}/jobs:submit");
        let open = Template::parse("/v1/{resource=**}:submit");
        assert!(exact.literals() > open.literals());
    }
}
