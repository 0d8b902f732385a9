//! Policies: a file with figures, or the name of another one.

use std::fs;
use std::path::Path;

use caddis_core::autoscale::Policy;
use caddis_core::misread;
use caddis_replay::scalers::{Adaptive, Caddis, Dataproc, Fixed, Scaler};

use crate::failure::Failure;
use crate::home::plain;

/// The figures of a file over those of `base`.
pub(super) fn load(path: Option<&Path>, base: &Policy) -> Result<Policy, Failure> {
    let Some(path) = path else { return Ok(base.clone()) };
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::usage(
            "policy_unreadable",
            format!("the policy `{}` cannot be read: {}", path.display(), plain(&error)),
        )
        .hint("name a TOML file that is there; docs/AUTOSCALING.md describes every field of a policy")
    })?;
    parse(&text, path, base)
}

/// Reads the text of a policy, whose fields go before those of `base`; `path` is only named in errors.
pub(super) fn parse(text: &str, path: &Path, base: &Policy) -> Result<Policy, Failure> {
    let file = path.display();
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let error = misread::of_toml(text, None, &error);
        Failure::usage("policy_invalid", format!("`{file}` is no TOML: {error}")).hint("a policy is lines such as `slack = 1.2`")
    })?;
    if let Some(unknown) = table.keys().find(|key| !Policy::FIELDS.contains(&key.as_str())) {
        let failure = Failure::usage("policy_unknown_field", format!("`{file}` has the unknown field `{unknown}`"));
        return Err(failure.hint(match nearest(unknown) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("a policy has {}", Policy::FIELDS.join(", ")),
        }));
    }
    let described = "docs/AUTOSCALING.md describes every field of a policy";
    let policy: Policy = misread::toml(text)
        .map_err(|error| Failure::usage("policy_invalid", format!("`{file}` is wrong: {error}")).hint(described))?;
    let checked = policy.check();
    checked.map_err(|error| Failure::usage("policy_invalid", format!("`{file}`: {error}")).hint(described))?;
    Ok(over(base, &policy, &table))
}

/// `base`, with those fields of `policy` that the file names.
fn over(base: &Policy, policy: &Policy, named: &toml::Table) -> Policy {
    let pick = |field: &str, own: f64, other: f64| if named.contains_key(field) { own } else { other };
    Policy {
        slack: pick("slack", policy.slack, base.slack),
        least_work_seconds: pick("least_work_seconds", policy.least_work_seconds, base.least_work_seconds),
        work_per_start: pick("work_per_start", policy.work_per_start, base.work_per_start),
        hour_worth: pick("hour_worth", policy.hour_worth, base.hour_worth),
        shrink_after_seconds: pick("shrink_after_seconds", policy.shrink_after_seconds, base.shrink_after_seconds),
        hold_starts: pick("hold_starts", policy.hold_starts, base.hold_starts),
        memory_high: pick("memory_high", policy.memory_high, base.memory_high),
        cpu_high: pick("cpu_high", policy.cpu_high, base.cpu_high),
    }
}

fn nearest(field: &str) -> Option<&'static str> {
    let like = |known: &&'static str| (strsim::jaro_winkler(known, field) * 1e6) as u64;
    Policy::FIELDS.into_iter().max_by_key(like).filter(|known| strsim::jaro_winkler(known, field) > 0.8)
}

/// The policy that a word of `--against` means; a file's figures go before those of `base`.
pub(super) fn named(word: &str, remembers: bool, base: &Policy) -> Result<Box<dyn Scaler>, Failure> {
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
        file if Path::new(file).exists() => Box::new(Caddis::new(file, load(Some(Path::new(file)), base)?, remembers)),
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
        parse(text, Path::new("mine.toml"), &Policy::default())
    }

    #[test]
    fn a_policy_names_what_differs() {
        let policy = read("slack = 1.5\nhold_starts = 2\n").unwrap();
        assert_eq!(policy, Policy { slack: 1.5, hold_starts: 2.0, ..Policy::default() });
        assert_eq!(read("").unwrap(), Policy::default());
    }

    #[test]
    fn what_a_file_does_not_name_is_of_the_config() {
        let base = Policy { slack: 2.0, cpu_high: 0.5, ..Policy::default() };
        let every: String = Policy::FIELDS.iter().map(|field| format!("{field} = 1\n")).collect();
        let policy = |text: &str| parse(text, Path::new("mine.toml"), &base).unwrap();
        assert_eq!(policy("cpu_high = 0.8\n"), Policy { slack: 2.0, ..Policy::default() }, "though it is the built-in one");
        assert_eq!(policy(&every), read(&every).unwrap(), "every field is taken over");
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
        let much = read("\nslack = \"much\"\n").unwrap_err();
        assert_eq!(much.message, "`mine.toml` is wrong: at line 2: `slack` is \"much\": a number was expected");
        assert!(read("slack").unwrap_err().message.contains("no TOML"));
        let named = |word| named(word, true, &Policy::default());
        assert!(named("adaptve").err().unwrap().hint.unwrap().contains("adaptive"));
        assert!(named("fixed:0").is_err() && named("fixed:x").is_err());
        assert_eq!(named("fixed:3").unwrap().name(), "fixed 3");
    }
}
