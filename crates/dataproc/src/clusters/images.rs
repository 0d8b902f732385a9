//! The versions of Google's images: how they are spelled, and how long Google makes clusters from each.
//!
//! None has a meaning here. A version that is spelled as none is refused, and one that Google has given up, gives up soon
//! or did not have yet is taken with a warning: a DAG of long ago is to run here, and one of next year as well.

use caddis_types::Timestamp;

/// The line that a new cluster gets on Google today.
pub(super) const NEWEST: &str = "2.3";
/// When this was looked up.
const AS_OF: &str = "2026-11";
/// The lines and the last day of each; none of a preview, which may go at any time.
const LINES: [(&str, Option<&str>); 6] = [
    ("1", Some("2024-02-29")),
    ("2.0", Some("2025-01-31")),
    ("2.1", Some("2026-12-31")),
    ("2.2", Some("2027-12-31")),
    (NEWEST, Some("2029-06-09")),
    ("3.0", None),
];
/// Microseconds of the last days of a line, in which its end is told: three months of them.
const SOON: i64 = 90 * 86_400 * 1_000_000;

/// Whether it is spelled as a version: `2.3`, `2.3.4-debian12`, `preview`.
pub(super) fn is_spelled_well(image: &str) -> bool {
    let mut parts = image.split('-');
    let version = parts.next().unwrap_or_default();
    let number = |text: &str| (1..=4).contains(&text.len()) && text.chars().all(|c| c.is_ascii_digit());
    let numbers = matches!(version.split('.').count(), 2 | 3) && version.split('.').all(number);
    let word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric());
    (numbers || version == "preview") && parts.all(word)
}

/// What there is to warn of, of a version that is spelled well.
pub(super) fn warning(image: &str, now: Timestamp) -> Option<String> {
    let version = image.split('-').next().unwrap_or_default();
    let of = |line: &str| version.strip_prefix(line).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let day = |at: Timestamp| at.to_string().split('T').next().unwrap_or_default().to_owned();
    let known = LINES.iter().find(|(line, _)| of(line));
    let said = match known {
        _ if image.is_empty() => return None,
        Some((_, None)) => "is a preview, which Google may take away at any time".to_owned(),
        None if version == "preview" => "is a preview, which Google may take away at any time".to_owned(),
        Some((_, Some(last))) if *last < day(now).as_str() => format!("could be made into clusters on Google until {last}"),
        Some((_, Some(last))) if *last < day(Timestamp(now.0.saturating_add(SOON))).as_str() => {
            format!("can be made into clusters on Google until {last}")
        }
        Some(_) => return None,
        None => format!("is none that Google had in {AS_OF}, and it refuses those that it does not have"),
    };
    Some(format!("Image version `{image}` {said}; here it changes nothing. Use {NEWEST}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-26.
    const TODAY: Timestamp = Timestamp(1_795_651_200_000_000);

    #[test]
    fn versions_are_spelled_as_googles() {
        for good in ["2.3", "2.3.4", "2.3-debian12", "1.4.0-RC1-debian9", "2.2-ml-ubuntu22", "preview", "preview-debian10", "9.9"] {
            assert!(is_spelled_well(good), "{good}");
        }
        for bad in ["", "2", "2.", ".3", "2.3.4.5", "2.x", "latest", "2.3-", "2.3 ", "-debian12", "2.3_debian12", "99999.1"] {
            assert!(!is_spelled_well(bad), "{bad}");
        }
    }

    #[test]
    fn what_google_has_no_more_or_not_for_long_or_not_yet_is_told_in_its_tense() {
        assert!(TODAY.to_string().starts_with("2026-11-26"), "{TODAY}");
        for (image, words) in [
            ("1.4-debian10", "`1.4-debian10` could be made into clusters on Google until 2024-02-29;"),
            ("2.0.27", "could be made into clusters on Google until 2025-01-31;"),
            ("2.1-debian11", "can be made into clusters on Google until 2026-12-31;"),
            ("preview", "is a preview"),
            ("3.0-debian12", "is a preview"),
            ("9.9", "`9.9` is none that Google had in 2026-11"),
            ("2.10", "is none that Google had"),
            ("10.1", "is none that Google had"),
        ] {
            let told = warning(image, TODAY).unwrap_or_default();
            assert!(told.contains(words) && told.ends_with("Use 2.3."), "{image}: {told}");
        }
        for living in ["", "2.2-debian12", "2.3", "2.3.7-ubuntu22"] {
            assert_eq!(warning(living, TODAY), None, "{living}");
        }
        // A year later another line is on its way out.
        let later = Timestamp(TODAY.0 + 365 * 86_400 * 1_000_000);
        assert!(warning("2.1", later).unwrap().contains("could be"));
        assert!(warning("2.2", later).unwrap().contains("can be"));
    }
}
