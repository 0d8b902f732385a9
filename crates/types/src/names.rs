//! Names that people give to jobs and clusters, and tags.

use thiserror::Error;

/// The longest name; it fits a DNS label and Dataproc's cluster names with room for a suffix.
pub const NAME_MAX: usize = 54;

/// A text that cannot be a name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "`{0}` cannot be a name\nhint: a name starts with a letter and has at most {NAME_MAX} letters, digits, `-` and `_`"
)]
pub struct NameError(pub String);

/// Checks a name: a letter, then letters, digits, `-`, `_`; never one that looks like an id.
pub fn check(name: &str) -> Result<(), NameError> {
    let good = name.len() <= NAME_MAX
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && !name.starts_with("job_")
        && !name.starts_with("cl_");
    if good { Ok(()) } else { Err(NameError(name.to_owned())) }
}

/// Splits `key=value`; the key must be a good name.
pub fn parse_tag(text: &str) -> Result<(String, String), NameError> {
    let (key, value) = text.split_once('=').ok_or_else(|| NameError(text.to_owned()))?;
    check(key)?;
    Ok((key.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_and_bad_names() {
        for good in ["etl", "Nightly-run_2", "a"] {
            assert!(check(good).is_ok(), "{good}");
        }
        let long = "x".repeat(NAME_MAX + 1);
        for bad in ["", "2fast", "a b", "job_x", "cl_x", "ä", "../x", long.as_str()] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
