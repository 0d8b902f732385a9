//! The Dask lines whose locks are embedded, newest first.

use super::error::EnvironmentError;

/// A Dask version with a lock of everything that it needs.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// The version of `dask` and `distributed`.
    pub version: &'static str,
    /// The lock: universal for Linux and Python 3.10 and newer, with hashes, naming no index.
    pub lock: &'static str,
}

/// The version of uv that is obtained when none is there.
pub(super) const UV_VERSION: &str = "0.13.9";

/// The hashes of uv's wheels, as a requirements file.
pub(super) const UV_LOCK: &str = include_str!("lock/uv.txt");

static LINES: [Line; 3] = [
    Line { version: "2026.8.0", lock: include_str!("lock/dask-2026.8.0.txt") },
    Line { version: "2026.3.0", lock: include_str!("lock/dask-2026.3.0.txt") },
    Line { version: "2025.12.0", lock: include_str!("lock/dask-2025.12.0.txt") },
];

/// The embedded lines, newest first.
#[must_use]
pub fn lines() -> &'static [Line] {
    &LINES
}

/// Finds the line that `2026.3`, `2026.3.0` or nothing at all means.
pub(super) fn line(wanted: Option<&str>) -> Result<&'static Line, EnvironmentError> {
    let Some(wanted) = wanted else { return Ok(&LINES[0]) };
    let under = |version: &str| version == wanted || version.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('.'));
    LINES.iter().find(|line| under(line.version)).ok_or_else(|| EnvironmentError::UnknownDask {
        wanted: wanted.to_owned(),
        known: LINES.iter().map(|line| format!("`{}`", line.version)).collect::<Vec<_>>().join(", "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refreshing_script_and_the_binary_name_the_same_lines() {
        let listed = include_str!("lock/lines").lines().filter_map(|line| line.split_whitespace().next());
        assert!(listed.eq(LINES.iter().map(|line| line.version)));
        assert_eq!(include_str!("lock/uv-version").trim(), UV_VERSION);
        assert!(UV_LOCK.starts_with(&format!("uv=={UV_VERSION} ")));
    }

    #[test]
    fn every_lock_pins_its_dask_with_hashes_and_names_no_index() {
        for line in lines() {
            for name in ["dask", "distributed"] {
                assert!(line.lock.contains(&format!("\n{name}=={} \\", line.version)), "{name} {}", line.version);
            }
            assert!(!line.lock.contains("://") && !line.lock.contains("--index"));
            let pins = line.lock.lines().filter(|text| text.starts_with(|c: char| c.is_ascii_alphanumeric()));
            assert!(pins.clone().all(|pin| pin.ends_with('\\')) && pins.count() > 30);
        }
    }

    #[test]
    fn a_line_is_found_by_its_beginning_only_at_a_dot() {
        assert_eq!(line(Some("2026.3")).unwrap().version, "2026.3.0");
        assert_eq!(line(None).unwrap().version, LINES[0].version);
        assert_eq!(line(Some("2025")).unwrap().version, "2025.12.0");
        assert_eq!(line(Some("2025.1")).unwrap_err().code(), "unknown_dask");
    }
}
