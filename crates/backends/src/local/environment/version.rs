//! Python versions and the `requires-python` language over them.
//!
//! Only what an interpreter's own version needs: releases compared number by number. Epochs, local versions and
//! pre-releases on the right-hand side do not occur in `requires-python` and are refused by name.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The version of an interpreter; a pre-release sorts before its release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PythonVersion {
    /// `3` of `3.12.1`.
    pub major: u32,
    /// `12` of `3.12.1`.
    pub minor: u32,
    /// `1` of `3.12.1`.
    pub patch: u32,
    /// False for alphas, betas and release candidates.
    pub released: bool,
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = if self.released { "" } else { " (pre-release)" };
        write!(f, "{}.{}.{}{suffix}", self.major, self.minor, self.patch)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    AtLeast,
    AtMost,
    Above,
    Below,
    Compatible,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Clause {
    operator: Operator,
    release: Vec<u32>,
    wildcard: bool,
}

/// A list such as `>=3.10, !=3.12.*, <4`; every clause must hold. It is written as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Specifiers {
    text: String,
    clauses: Vec<Clause>,
}

impl Specifiers {
    /// True when the interpreter's version satisfies every clause.
    #[must_use]
    pub fn allow(&self, version: PythonVersion) -> bool {
        let release = [version.major, version.minor, version.patch];
        self.clauses.iter().all(|clause| clause.allows(&release))
    }

    /// `3.12` and `3.12.1` as on a command line: that version and everything under it.
    #[must_use]
    pub fn of_release(text: &str) -> Option<Self> {
        let release = numbers(text)?;
        if release.len() > 3 {
            return None;
        }
        let clause = Clause { operator: Operator::Equal, release, wildcard: true };
        Some(Self { text: text.to_owned(), clauses: vec![clause] })
    }
}

impl fmt::Display for Specifiers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Specifiers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let clauses = parts.map(Clause::parse).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { text: text.trim().to_owned(), clauses })
    }
}

impl Clause {
    fn parse(text: &str) -> Result<Self, String> {
        let split = text.find(|c: char| !"=!<>~".contains(c)).unwrap_or(text.len());
        let (operator, rest) = text.split_at(split);
        let operator = match operator {
            "==" | "===" => Operator::Equal,
            "!=" => Operator::NotEqual,
            ">=" => Operator::AtLeast,
            "<=" => Operator::AtMost,
            ">" => Operator::Above,
            "<" => Operator::Below,
            "~=" => Operator::Compatible,
            _ => return Err(format!("`{text}` does not begin with one of `>=`, `<=`, `==`, `!=`, `~=`, `>`, `<`")),
        };
        let rest = rest.trim();
        let (digits, wildcard) = rest.strip_suffix(".*").map_or((rest, false), |digits| (digits, true));
        let release = numbers(digits).ok_or_else(|| format!("`{rest}` is not a version such as `3.12`"))?;
        if wildcard && !matches!(operator, Operator::Equal | Operator::NotEqual) {
            return Err(format!("`.*` in `{text}` goes with `==` and `!=` only"));
        }
        if operator == Operator::Compatible && release.len() < 2 {
            return Err(format!("`{text}` needs two numbers at least, as in `~=3.10`"));
        }
        Ok(Self { operator, release, wildcard })
    }

    fn allows(&self, version: &[u32; 3]) -> bool {
        let order = || padded(version).cmp(&padded(&self.release));
        match self.operator {
            Operator::Equal => self.equals(version),
            Operator::NotEqual => !self.equals(version),
            Operator::AtLeast => order().is_ge(),
            Operator::AtMost => order().is_le(),
            Operator::Above => order().is_gt(),
            Operator::Below => order().is_lt(),
            Operator::Compatible => order().is_ge() && begins(version, &self.release[..self.release.len() - 1]),
        }
    }

    fn equals(&self, version: &[u32; 3]) -> bool {
        if self.wildcard { begins(version, &self.release) } else { padded(version) == padded(&self.release) }
    }
}

fn begins(version: &[u32; 3], prefix: &[u32]) -> bool {
    padded(version)[..prefix.len().min(6)] == padded(prefix)[..prefix.len().min(6)]
}

fn padded(release: &[u32]) -> [u32; 6] {
    std::array::from_fn(|at| release.get(at).copied().unwrap_or(0))
}

fn numbers(text: &str) -> Option<Vec<u32>> {
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts: Vec<&str> = text.split('.').collect();
    if parts.len() > 6 || !parts.iter().all(|part| plain(part)) {
        return None;
    }
    parts.iter().map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn version(text: &str) -> PythonVersion {
        let parts = numbers(text).unwrap();
        PythonVersion { major: parts[0], minor: parts[1], patch: parts[2], released: true }
    }

    fn allows(specifiers: &str, of: &str) -> bool {
        specifiers.parse::<Specifiers>().unwrap().allow(version(of))
    }

    #[test]
    fn reads_what_packages_write() {
        assert!(allows(">=3.10,<4", "3.13.0"));
        assert!(!allows(">=3.10,<3.13", "3.13.0"));
        assert!(allows("~=3.10", "3.13.2") && !allows("~=3.10.1", "3.11.0"));
        assert!(allows("==3.12.*", "3.12.9") && !allows("==3.12", "3.12.9"));
        assert!(allows("!=3.11.*, >3.10", "3.12.0") && !allows("!=3.11.*", "3.11.7"));
        assert!(allows("", "3.10.0") && allows("<=3.12.1", "3.12.1"));
        assert!(Specifiers::of_release("3.12").unwrap().allow(version("3.12.7")));
        assert!(!Specifiers::of_release("3.12.1").unwrap().allow(version("3.12.7")));
    }

    #[test]
    fn refuses_what_it_does_not_understand() {
        for text in ["3.12", ">=three", ">=3.12.*", "~=3", "=>3.10", ">=3.10rc1"] {
            assert!(text.parse::<Specifiers>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn opposites_never_agree(minor in 0_u32..40, patch in 0_u32..40, at in 0_u32..40, sub in 0_u32..40) {
            let of = PythonVersion { major: 3, minor, patch, released: true };
            for (left, right) in [(">=", "<"), ("<=", ">"), ("==", "!=")] {
                let holds = |op: &str| format!("{op}3.{at}.{sub}").parse::<Specifiers>().unwrap().allow(of);
                prop_assert_ne!(holds(left), holds(right));
            }
        }

        #[test]
        fn never_panics(text in "[0-9.*=!<>~, a-z]{0,24}") {
            if let Ok(specifiers) = text.parse::<Specifiers>() {
                let _ = specifiers.allow(PythonVersion { major: 3, minor: 12, patch: 1, released: true });
            }
        }
    }
}
