//! Google's rules for names (docs.cloud.google.com/storage/docs/buckets and /objects, 2026).
//!
//! A bucket's name is a good file name by these rules; an object's never becomes one.

use std::net::Ipv4Addr;

use super::StoreError;

/// Whether a bucket may have this name.
pub(crate) fn check_bucket(name: &str) -> Result<(), StoreError> {
    let wrong = |text: &str| Err(StoreError::invalid("name", format!("`{name}` cannot be a bucket's name: {text}")));
    let ends = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !name.chars().all(|c| ends(c) || matches!(c, '-' | '_' | '.')) {
        return wrong("only lowercase letters, digits, `-`, `_` and `.`");
    }
    if !name.starts_with(ends) || !name.ends_with(ends) {
        return wrong("it starts and ends with a letter or a digit");
    }
    let longest = if name.contains('.') { 222 } else { 63 };
    if !(3..=longest).contains(&name.len()) || name.split('.').any(|part| part.is_empty() || part.len() > 63) {
        return wrong("3 to 63 characters; with dots up to 222, and 1 to 63 between them");
    }
    if name.parse::<Ipv4Addr>().is_ok() {
        return wrong("it looks like an address");
    }
    if name.starts_with("goog") || ["google", "g00gle", "go0gle", "g0ogle"].iter().any(|word| name.contains(word)) {
        return wrong("it may not start with `goog` or contain `google`");
    }
    Ok(())
}

/// Whether an object may have this name.
pub(crate) fn check_object(name: &str) -> Result<(), StoreError> {
    let wrong = |text: &str| Err(StoreError::invalid("name", format!("an object's name {text}")));
    match name {
        _ if name.is_empty() => wrong("is not empty"),
        _ if name.len() > 1024 => wrong("has at most 1024 bytes of UTF-8"),
        _ if name.contains(['\r', '\n']) => wrong("has no line breaks"),
        "." | ".." => wrong("is not `.` or `..`"),
        _ if name.starts_with(".well-known/acme-challenge/") => wrong("does not start with `.well-known/acme-challenge/`"),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_named_by_googles_rules() {
        let dotted = format!("{}.{}.{}", "a".repeat(63), "b".repeat(63), "c".repeat(63));
        for good in ["abc", "a-b_c.d", "0day", &"x".repeat(63), &dotted] {
            assert!(check_bucket(good).is_ok(), "{good}");
        }
        for bad in [
            "", "ab", "Abc", "-abc", "abc-", "a..b", "a/b", "../etc", "192.168.0.1", "goog-x", "my-google", "a b", "ä-bucket",
            &"x".repeat(64), &format!("a.{}", "b".repeat(64)), ".abc", "abc\0", "abc\n",
        ] {
            assert!(check_bucket(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn objects_may_have_almost_any_name() {
        for good in ["a", "../../etc/passwd", "/", "a//b", "…", "...", &"ä".repeat(512), "\0", "a\tb"] {
            assert!(check_object(good).is_ok(), "{good}");
        }
        for bad in ["", ".", "..", "a\nb", "a\rb", &"ä".repeat(513), ".well-known/acme-challenge/x"] {
            assert!(check_object(bad).is_err(), "{bad}");
        }
    }
}
