//! Reading `caddis.toml`.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use caddis_core::misread;

use crate::config::schema::{Config, KEYS};
use crate::failure::Failure;
use crate::home::plain;

/// The config file, or every default when there is none.
pub fn load(path: &Path) -> Result<Config, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => parse(&text, path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Config::default()),
        Err(error) => {
            let text = format!("the config file `{}` cannot be read: {}", path.display(), plain(&error));
            Err(Failure::usage("config_unreadable", text))
        }
    }
}

/// Reads the text of a config file; `path` is only named in errors.
pub fn parse(text: &str, path: &Path) -> Result<Config, Failure> {
    let mut unknown = Vec::new();
    let file = path.display();
    let wrong = |error: misread::Misread| {
        let place = error.line.map_or_else(String::new, |line| format!(" at line {line}"));
        let failure = Failure::usage("config_invalid", format!("`{file}` is wrong{place}: {}", error.named()));
        if failure.hint.is_some() { failure } else { failure.hint("`docs/CONFIG.md` describes every key") }
    };
    let document = toml::Deserializer::parse(text).map_err(|error| wrong(misread::of_toml(text, None, &error)))?;
    let mut note = |key: serde_ignored::Path<'_>| unknown.push(key.to_string());
    let config: Config = serde_path_to_error::deserialize(serde_ignored::Deserializer::new(document, &mut note))
        .map_err(|error| wrong(misread::of_toml(text, Some(error.path()), error.inner())))?;
    if let Some(key) = unknown.first() {
        return Err(unknown_key(key, path));
    }
    match &config.pool {
        pool if pool.memory.is_some() && pool.slots.is_some() => {
            let text = format!("`{file}` has both `pool.memory` and `pool.slots`\nhint: they say the same; keep one");
            Err(Failure::usage("config_invalid", text))
        }
        pool if pool.slots == Some(0) => {
            let text = format!("`{file}` has `pool.slots` of 0\nhint: give at least 1, or leave it out");
            Err(Failure::usage("config_invalid", text))
        }
        _ => {
            // Wrong figures and wrong money are told when the file is read, not when they are first used.
            let check = config.autoscale.check();
            check.map_err(|error| Failure::usage("config_invalid", format!("`{file}`: `[autoscale]`: {error}")))?;
            config.fixed_costs(path)?;
            config.check_disk(path)?;
            Ok(config)
        }
    }
}

fn unknown_key(key: &str, path: &Path) -> Failure {
    let text = format!("`{}` has the unknown key `{key}`", path.display());
    Failure::usage("config_unknown_key", text).hint(match nearest(key) {
        Some(near) => format!("did you mean `{near}`? `docs/CONFIG.md` lists every key"),
        None => "`docs/CONFIG.md` lists every key".to_owned(),
    })
}

/// The known key or section most like this one, if any is like it at all.
fn nearest(key: &str) -> Option<String> {
    let sections = KEYS.iter().map(|(section, _)| (*section).to_owned());
    let keys = KEYS.iter().flat_map(|(section, keys)| keys.iter().map(move |key| format!("{section}.{key}")));
    let last = |text: &str| text.rsplit('.').next().unwrap_or_default().to_owned();
    // A right key under the wrong section is as likely as a mistyped one.
    let like = |known: &str| strsim::jaro_winkler(known, key).max(strsim::jaro_winkler(&last(known), &last(key)));
    let all = sections.chain(keys).map(|known| (like(&known), known));
    let best = all.max_by(|left, right| left.0.total_cmp(&right.0))?;
    (best.0 > 0.8).then_some(best.1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use caddis_types::bytes::GIB;

    use super::*;
    use crate::config::Span;

    fn read(text: &str) -> Result<Config, Failure> {
        parse(text, Path::new("caddis.toml"))
    }

    #[test]
    fn every_known_key_is_read() {
        let text = "[server]\nidle_exit = \"5m\"\nretention = \"7d\"\n[storage]\nstaging_retention = \"0\"\n[pool]\nmemory = \"8GiB\"\n[defaults]\n\
                    profile = \"small\"\nworkers = \"1..3\"\nthreads = 2\nmemory = \"2GiB\"\non_demand = 1\npreemptible_share = 0.5\ntimeout = \"1h\"\nmax_cost = 1.5\n\
                    retries = 1\nkeep_on_failure = 60\npython = \"3.12\"\ndask = \"2026.3\"\n[times]\n\
                    member_start = 30\norderly_close = 1\ndrain = \"2m\"\nscript_after_scheduler = 1\n[autoscale]\nslack = 1.2\nleast_work_seconds = 3\nwork_per_start = 1\n\
                    hour_worth = 100.0\nshrink_after_seconds = 5\nhold_starts = 2\nmemory_high = 0.8\ncpu_high = 0.9\n\
                    [dataproc]\ninit_actions = \"record\"\n[prices]\nfile = \"p.toml\"\nregion = \"us-central1\"\n\
                    machine_type = \"n2-standard-8\"\ndisk_type = \"pd-balanced\"\ndisk_gib = 100\n[[fixed_costs]]\n\
                    name = \"composer\"\nmonthly = 300\nfrom = \"2026-01-01\"\nuntil = \"2027-01-01\"\n";
        let config = read(text).unwrap();
        assert_eq!(config.server.idle_exit, Span(Duration::from_secs(300)));
        assert_eq!(config.pool.pool(64 * GIB, 4).memory_bytes, 8 * GIB);
        assert_eq!(config.defaults.workers.unwrap().max, 3);
        assert_eq!(config.times.settings().drain, Duration::from_secs(120));
        assert_eq!((config.autoscale.slack, config.autoscale.cpu_high), (1.2, 0.9));
        let known: usize = KEYS.iter().map(|(_, keys)| keys.len()).sum();
        let named = text.lines().filter(|line| line.contains('=')).count();
        assert_eq!(named + 1, known, "this test names every key but `pool.slots`");
    }

    #[test]
    fn a_whole_number_is_a_range_too_and_slots_are_gibibytes() {
        let config = read("[defaults]\nworkers = 4\n[pool]\nslots = 3\n").unwrap();
        assert_eq!((config.defaults.workers.unwrap().min, config.pool.pool(GIB, 1).memory_bytes), (4, 3 * GIB));
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        assert!(read("[autoscale]\nslack = 0.5\n").unwrap_err().message.contains("`slack` is 0.5"));
        assert!(read("[dataproc]\ninit_actions = \"maybe\"\n").unwrap_err().message.contains("record"));
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        for (text, near) in [
            ("[server]\nidle_exti = 3\n", "`server.idle_exit`"),
            ("[sever]\nidle_exit = 3\n", "`server`"),
            ("[pool]\nprofile = \"small\"\n", "`defaults.profile`"),
            ("[autoscale]\nslak = 1.2\n", "`autoscale.slack`"),
        ] {
            let failure = read(text).unwrap_err();
            assert_eq!(failure.code, "config_unknown_key");
            assert!(failure.hint.as_deref().unwrap().contains(near), "{failure:?}");
        }
        assert!(!read("zzz = 1\n").unwrap_err().hint.unwrap().contains("did you mean"));
    }

    #[test]
    fn wrong_values_name_their_line() {
        for text in ["\n[server]\nidle_exit = \"soon\"\n", "\n\n[defaults\n", "\n\n[pool]\nslots = -1\n"] {
            let failure = read(text).unwrap_err();
            assert_eq!(failure.code, "config_invalid");
            assert!(failure.message.contains(" at line "), "{}", failure.message);
        }
        assert!(read("[pool]\nslots = 1\nmemory = \"1GiB\"\n").unwrap_err().message.contains("both"));
        assert!(read("[pool]\nslots = 0\n").is_err());
    }

    #[test]
    fn wrong_values_name_their_key_what_stands_there_and_what_was_expected() {
        for (text, said) in [
            ("[autoscale]\nslack = \"x\"\n", "`caddis.toml` is wrong at line 2: `autoscale.slack` is \"x\": a number was expected"),
            ("[prices]\ndisk_gib = -1\n", "at line 2: `prices.disk_gib` is -1: a whole number, 0 or more, was expected"),
            ("[prices]\ndisk_gib = 4000000000\n", "`prices.disk_gib` is 4000000000: 0 to 65,536 was expected"),
            ("[pool]\nmemory = true\n", "`pool.memory` is true: a size such as `\"2GiB\"`, or a number of bytes, was expected"),
            ("[defaults]\nworkers = [1]\n", "`defaults.workers` is a list: a number of workers, or a range such as `\"2..10\"`, was expected"),
            ("[defaults]\nmax_cost = -1.5\n", "`defaults.max_cost` is -1.5: a sum of dollars such as `1.50`, 0 or more, was expected"),
            ("[server]\nidle_exit = \"soon\"\n", "at line 2: `server.idle_exit`: `soon` is not a duration"),
            ("[dataproc]\ninit_actions = 3\n", "`dataproc.init_actions` is 3: a text in quotes was expected"),
            ("[[fixed_costs]]\nname = \"a\"\nmonthly = \"x\"\n", "at line 3: `fixed_costs.monthly` is \"x\": a number was expected"),
            ("[[fixed_costs]]\nname = \"a\"\n", "`fixed_costs.monthly` is missing"),
        ] {
            let failure = read(text).unwrap_err();
            assert!(failure.message.ends_with(said) || failure.message == said, "{}\nand not\n{said}", failure.message);
            assert!(failure.hint.is_some(), "{failure:?}");
        }
    }

    #[test]
    fn the_document_describes_every_key() {
        let document = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/CONFIG.md")).unwrap();
        for (section, keys) in KEYS {
            assert!(document.contains(&format!("## `[{section}]`")), "{section}");
            for key in *keys {
                assert!(document.contains(&format!("| `{key}` |")), "{section}.{key}");
            }
        }
    }
}
