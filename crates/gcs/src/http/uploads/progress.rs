//! `Content-Range` of uploads: which bytes a request brings, and how many there will be.

/// What a request to a resumable upload brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bringing {
    /// All of them.
    All,
    /// Bytes from `start` to `end`, both included.
    Part {
        /// The first.
        start: u64,
        /// The last.
        end: u64,
        /// How many the object has, when it is known.
        total: Option<u64>,
    },
    /// None; it asks how many were received, and may say how many there are.
    Nothing {
        /// How many the object has, when it is known.
        total: Option<u64>,
    },
}

impl Bringing {
    /// What a header says; nothing when it cannot be read.
    pub(super) fn of(header: Option<&str>) -> Option<Bringing> {
        let Some(header) = header else { return Some(Bringing::All) };
        let (range, total) = header.trim().strip_prefix("bytes")?.trim().split_once('/')?;
        let total = match total.trim() {
            "*" => None,
            number => Some(number.parse().ok()?),
        };
        if range.trim() == "*" {
            return Some(Bringing::Nothing { total });
        }
        let (start, end) = range.split_once('-')?;
        let (start, end): (u64, u64) = (start.trim().parse().ok()?, end.trim().parse().ok()?);
        (start <= end && end < u64::MAX && total.is_none_or(|total| end < total)).then_some(Bringing::Part { start, end, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read() {
        let part = |start, end, total| Some(Bringing::Part { start, end, total });
        for (header, bringing) in [
            ("bytes 0-9/10", part(0, 9, Some(10))),
            ("bytes 0-9/*", part(0, 9, None)),
            ("bytes */10", Some(Bringing::Nothing { total: Some(10) })),
            ("bytes */*", Some(Bringing::Nothing { total: None })),
            ("bytes 0-9/9", None),
            ("bytes 9-0/10", None),
            ("bytes 0-18446744073709551615/*", None),
            ("bytes -1-2/*", None),
            ("bytes a-b/*", None),
            ("0-9/10", None),
            ("bytes", None),
        ] {
            assert_eq!(Bringing::of(Some(header)), bringing, "{header}");
        }
        assert_eq!(Bringing::of(None), Some(Bringing::All));
    }
}
