//! `Range`: which bytes of an object (RFC 9110, 14.1.2). What is not one range of bytes is passed over, as Google does.

/// The wanted bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// All of them.
    All,
    /// So many, from this one on.
    Part {
        /// The first.
        start: u64,
        /// How many, at least one.
        length: u64,
    },
    /// None of them is there.
    Beyond,
}

/// What a header wants of an object of this size.
pub(super) fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some((from, to)) = header.and_then(|text| text.trim().strip_prefix("bytes=")?.split_once('-')) else { return Wanted::All };
    let (from, to) = (from.trim(), to.trim());
    match (from.parse::<u64>(), to.parse::<u64>()) {
        (Err(_), Ok(last)) if from.is_empty() => part(size.saturating_sub(last), size),
        (Ok(start), Err(_)) if to.is_empty() => part(start, size),
        (Ok(start), Ok(end)) if start <= end => part(start, size.min(end.saturating_add(1))),
        _ => Wanted::All,
    }
}

fn part(start: u64, end: u64) -> Wanted {
    if start < end { Wanted::Part { start, length: end - start } } else { Wanted::Beyond }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_at_the_end() {
        let part = |start, length| Wanted::Part { start, length };
        for (header, wants) in [
            ("bytes=0-3", part(0, 4)),
            ("bytes=4-99", part(4, 6)),
            ("bytes=9-", part(9, 1)),
            ("bytes=-3", part(7, 3)),
            ("bytes=-99", part(0, 10)),
            ("bytes=10-", Wanted::Beyond),
            ("bytes=-0", Wanted::Beyond),
            ("bytes=99-100", Wanted::Beyond),
            ("bytes=0-18446744073709551615", part(0, 10)),
            ("bytes=3-2", Wanted::All),
            ("bytes=a-b", Wanted::All),
            ("bytes=0-1,3-4", Wanted::All),
            ("bytes=-", Wanted::All),
            ("lines=0-1", Wanted::All),
            ("bytes=99999999999999999999-", Wanted::All),
        ] {
            assert_eq!(wanted(Some(header), 10), wants, "{header}");
        }
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Beyond);
        assert_eq!(wanted(None, 0), Wanted::All);
    }
}
