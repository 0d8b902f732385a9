//! Policies: a file with figures, or the name of another one.

use std::fs;
use std::path::Path;

use caddis_core::autoscale::Policy;
use caddis_replay::scalers::{Adaptive, Caddis, Dataproc, Fixed, Scaler};

use crate::failure::Failure;
use crate::home::plain;

/// The figures of a file, or the built-in ones.
pub(super) fn load(path: Option<&Path>) -> Result<Policy, Failure> {
    let Some(path) = path else { return Ok(Policy::default()) };
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::usage(
            "policy_unreadable",
            format!("the policy `{}` cannot be read: {}", path.display(), plain(&error)),
        )
    })?;
    parse(&text, path)
}

/// Reads the text of a policy; `path` is only named in errors.
pub(super) fn parse(text: &str, path: &Path) -> Result<Policy, Failure> {
    let file = path.display();
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        Failure::usage("policy_invalid", format!("`{file}` is no TOML: {}", error.message().trim_end()))
    })?;
    if let Some(unknown) = table.keys().find(|key| !Policy::FIELDS.contains(&key.as_str())) {
        let failure = Failure::usage("policy_unknown_field", format!("`{file}` has the unknown field `{unknown}`"));
        return Err(failure.hint(match nearest(unknown) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("a policy has {}", Policy::FIELDS.join(", ")),
        }));
    }
    let policy: Policy = toml::from_str(text).map_err(|error| {
        Failure::usage("policy_invalid", format!("`{file}` is wrong: {}", error.message().trim_end()))
    })?;
    policy.check().map_err(|error| Failure::usage("policy_invalid", format!("`{file}`: {error}")))?;
    Ok(policy)
}

fn nearest(field: &str) -> Option<&'static str> {
    let like = |known: &&'static str| (strsim::jaro_winkler(known, field) * 1e6) as u64;
    Policy::FIELDS.into_iter().max_by_key(like).filter(|known| strsim::jaro_winkler(known, field) > 0.8)
}

/// The policy that a word of `--against` means.
pub(super) fn named(word: &str, remembers: bool) -> Result<Box<dyn Scaler>, Failure> {
    if let Some(number) = word.strip_prefix("fixed:") {
        let number = number.parse().ok().filter(|number| (1..=10_000).contains(number));
        return number.map(|number| Box::new(Fixed(number)) as Box<dyn Scaler>).ok_or_else(|| {
            Failure::usage("policy_unknown", format!("`{word}` is no fixed number of workers"))
                .hint("write for example `fixed:10`; at least 1 and at most 10,000")
        });
    }
    Ok(match word {
        "adaptive" => Box::new(Adaptive::default()),
        "dataproc" => Box::<Dataproc>::default(),
        "built-in" => Box::new(Caddis::new("built-in", Policy::default(), remembers)),
        file if Path::new(file).exists() => Box::new(Caddis::new(file, load(Some(Path::new(file)))?, remembers)),
        other => {
            let failure = Failure::usage("policy_unknown", format!("there is no policy `{other}`, and no such file"));
            return Err(failure.hint("there are adaptive, dataproc, fixed:N and built-in"));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Policy, Failure> {
        parse(text, Path::new("mine.toml"))
    }

    #[test]
    fn a_policy_names_what_differs() {
        let policy = read("slack = 1.5\nhold_starts = 2\n").unwrap();
        assert_eq!(policy, Policy { slack: 1.5, hold_starts: 2.0, ..Policy::default() });
        assert_eq!(read("").unwrap(), Policy::default());
    }

    #[test]
    fn the_document_describes_every_field_and_signal() {
        let document = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/AUTOSCALING.md")).unwrap();
        let built_in = serde_json::to_value(Policy::default()).unwrap();
        for field in Policy::FIELDS {
            let row = document.lines().find(|line| line.starts_with(&format!("| `{field}` |"))).expect(field);
            let value: f64 = row.split('|').nth(2).and_then(|cell| cell.trim().parse().ok()).expect(field);
            assert_eq!(Some(value), built_in[field].as_f64(), "{field}");
        }
        let signals = serde_json::to_value(caddis_core::autoscale::Signals::default()).unwrap();
        for name in signals.as_object().unwrap().keys().filter(|name| *name != "at") {
            assert!(document.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        let near = read("slak = 1.5\n").unwrap_err();
        assert_eq!((near.code.as_str(), near.hint.as_deref()), ("policy_unknown_field", Some("did you mean `slack`?")));
        assert!(read("zzz = 1\n").unwrap_err().hint.unwrap().contains("least_work_seconds"));
        assert!(read("slack = 0.5\n").unwrap_err().message.contains("`slack` is 0.5"));
        assert!(read("memory_high = nan\n").unwrap_err().message.contains("`memory_high`"));
        assert!(read("slack = \"much\"\n").unwrap_err().message.contains("wrong"));
        assert!(read("slack").unwrap_err().message.contains("no TOML"));
        assert!(named("adaptve", true).err().unwrap().hint.unwrap().contains("adaptive"));
        assert!(named("fixed:0", true).is_err() && named("fixed:x", true).is_err());
        assert_eq!(named("fixed:3", true).unwrap().name(), "fixed 3");
    }
}
