//! Seeds: those that once found a bug, and as many new ones as `CADDIS_SIM_SEEDS` says (500 by default).

use caddis_sim::{Options, kept, seed};

fn run(seeds: impl Iterator<Item = u64>) {
    for number in seeds {
        if let Err(failure) = seed(&Options::of(number), None, false) {
            panic!("{}", failure.report);
        }
    }
}

fn count() -> u64 {
    std::env::var("CADDIS_SIM_SEEDS").ok().and_then(|text| text.parse().ok()).unwrap_or(500)
}

#[test]
fn seeds_that_found_a_bug_find_none_now() {
    run(kept::kept().into_iter().map(|(seed, _)| seed));
}

/// Two halves, so that two processors share them.
#[test]
fn even_seeds_find_nothing() {
    run((0..count()).step_by(2));
}

#[test]
fn odd_seeds_find_nothing() {
    run((1..count()).step_by(2));
}

#[test]
fn a_seed_decides_everything() {
    for number in [3, 7, 14] {
        let once = seed(&Options::of(number), None, false).map_err(|failure| failure.report).unwrap();
        let again = seed(&Options::of(number), None, false).map_err(|failure| failure.report).unwrap();
        assert_eq!(format!("{once:?}"), format!("{again:?}"), "seed {number}");
        assert!(once.jobs > 0 && once.processes > 0, "seed {number} did nothing: {once:?}");
    }
}
