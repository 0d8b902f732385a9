//! What somebody may have meant: serde names the fields that it knows, so the nearest of them can be told.

/// The hint for a message of serde about an unknown field or word.
pub(super) fn hint(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("unknown field `").or_else(|| message.split_once("unknown variant `"))?;
    let (given, rest) = rest.split_once('`')?;
    let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
    let distance = |name: &&str| strsim::damerau_levenshtein(given, name);
    let nearest = known.iter().copied().min_by_key(distance).filter(|name| distance(name) <= given.len().div_ceil(2));
    match nearest {
        Some(nearest) => Some(format!("did you mean `{nearest}`?")),
        None if known.is_empty() => None,
        None => {
            Some(format!("known here: {}", known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")))
        }
    }
}

/// A message of serde without what only programmers need: the position, and names that the hint tells better.
pub(super) fn plain(message: &str) -> &str {
    let end = message.rfind(" at line ").unwrap_or(message.len());
    let message = message.get(..end).unwrap_or(message);
    match message.starts_with("unknown ") {
        true => message.split(", ").next().unwrap_or(message),
        false => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_told() {
        let one_of = "unknown field `wrokers`, expected one of `profile`, `workers`, `threads` at line 1 column 9";
        assert_eq!(hint(one_of).as_deref(), Some("did you mean `workers`?"));
        assert_eq!(plain(one_of), "unknown field `wrokers`");
        let kind = "invalid type: string \"x\", expected a sequence at line 1 column 9";
        assert_eq!(plain(kind), "invalid type: string \"x\", expected a sequence");
        let two = "unknown field `zzzzzz`, expected `active` or `limit`";
        assert_eq!(hint(two).as_deref(), Some("known here: `active`, `limit`"));
        assert_eq!(hint("unknown field `x`, there are no fields"), None);
        assert_eq!(hint("invalid type: string"), None);
    }
}
