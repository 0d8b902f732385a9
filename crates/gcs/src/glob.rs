//! `matchGlob`: `*` and `?` within a folder, `**` across folders, `[a-c]`, `{one,other}`.

/// Groups that one pattern may hold, so that none takes for ever.
const MOST_ALTERNATIVES: usize = 256;

/// A pattern for names.
#[derive(Clone, Debug)]
pub struct Glob {
    alternatives: Vec<Vec<Part>>,
}

#[derive(Clone, Debug, PartialEq)]
enum Part {
    Exact(char),
    One,
    Many,
    All,
    Set { ranges: Vec<(char, char)>, not: bool },
}

impl Glob {
    /// The pattern of a text; nothing when it is not one.
    pub fn parse(text: &str) -> Option<Glob> {
        if text.len() > 1024 {
            return None;
        }
        let mut texts = vec![text.to_owned()];
        while let Some(at) = texts.iter().position(|text| group(text).is_some()) {
            let text = texts.swap_remove(at);
            let (before, choices, after) = group(&text)?;
            texts.extend(choices.iter().map(|choice| format!("{before}{choice}{after}")));
            if texts.len() > MOST_ALTERNATIVES {
                return None;
            }
        }
        let alternatives = texts.iter().map(|text| parts(text)).collect::<Option<_>>()?;
        Some(Glob { alternatives })
    }

    /// Whether a name is like it.
    pub fn matches(&self, name: &str) -> bool {
        let name: Vec<char> = name.chars().collect();
        self.alternatives.iter().any(|parts| like(parts, &name))
    }
}

/// The first innermost group: what stands before it, its choices, what stands behind it.
fn group(text: &str) -> Option<(&str, Vec<&str>, &str)> {
    let close = text.find('}')?;
    let open = text[..close].rfind('{')?;
    Some((&text[..open], text[open + 1..close].split(',').collect(), &text[close + 1..]))
}

fn parts(text: &str) -> Option<Vec<Part>> {
    let mut parts = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        parts.push(match c {
            '*' => {
                let mut part = Part::Many;
                while rest.next_if_eq(&'*').is_some() {
                    part = Part::All;
                }
                part
            }
            '?' => Part::One,
            '\\' => Part::Exact(rest.next()?),
            '[' => set(&mut rest)?,
            '{' | '}' => return None,
            c => Part::Exact(c),
        });
    }
    Some(parts)
}

fn set(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<Part> {
    let not = rest.next_if(|c| matches!(c, '!' | '^')).is_some();
    let mut ranges = Vec::new();
    loop {
        let from = rest.next()?;
        if from == ']' && !ranges.is_empty() {
            return Some(Part::Set { ranges, not });
        }
        let to = if rest.next_if_eq(&'-').is_some() { rest.next()? } else { from };
        ranges.push((from, to));
    }
}

/// Part by part, the places of the name that can be reached: time is at most parts times characters.
fn like(parts: &[Part], name: &[char]) -> bool {
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for part in parts {
        let mut next = vec![false; name.len() + 1];
        for at in 0..=name.len() {
            match part {
                Part::Many | Part::All => {
                    let before = at > 0 && next[at - 1] && (*part == Part::All || name[at - 1] != '/');
                    next[at] = reached[at] || before;
                }
                one => next[at] = at > 0 && reached[at - 1] && one.fits(name[at - 1]),
            }
        }
        reached = next;
    }
    reached[name.len()]
}

impl Part {
    fn fits(&self, c: char) -> bool {
        match self {
            Part::Exact(wanted) => c == *wanted,
            Part::One => c != '/',
            Part::Set { ranges, not } => c != '/' && ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *not,
            Part::Many | Part::All => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_as_documented() {
        let fits = |pattern: &str, name: &str| Glob::parse(pattern).expect(pattern).matches(name);
        for (pattern, good, bad) in [
            ("foo*bar", "foo-x-bar", "foo/bar"),
            ("foo**bar", "foo/x/bar", "foo/baz"),
            ("?at", "cat", "/at"),
            ("[a-c]at", "bat", "dat"),
            ("[!a-c]at", "dat", "bat"),
            ("{a,b{c,d}}.csv", "bd.csv", "b.csv"),
            ("**.parquet", "a/b/c.parquet", "a/b/c.csv"),
            ("ä\\*", "ä*", "äx"),
            ("", "", "x"),
        ] {
            assert!(fits(pattern, good), "{pattern} {good}");
            assert!(!fits(pattern, bad), "{pattern} {bad}");
        }
        assert!(fits(&"*a".repeat(400), &"a".repeat(1024)), "and it takes no time");
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for bad in ["[a", "a\\", "{a", "b}", "[]", &"{a,b}".repeat(20), &"x".repeat(2000)] {
            assert!(Glob::parse(bad).is_none(), "{bad}");
        }
    }
}
