//! Planted bugs: each is found, or the simulator has a hole.

use caddis_sim::{Mutant, Options, seed};

/// A bug that hides for longer hides for good.
const WITHIN: u64 = 2000;

#[test]
fn each_planted_bug_is_found() {
    for mutant in Mutant::ALL {
        let found = (0..WITHIN).find_map(|number| {
            let failure = seed(&Options::of(number), Some(*mutant), false).err()?;
            Some((number, failure.what.first().cloned().unwrap_or_default()))
        });
        let (number, what) = found.unwrap_or_else(|| panic!("`{}` hides from {WITHIN} seeds", mutant.name()));
        println!("{:>15}: seed {number}: {what}", mutant.name());
    }
}

#[test]
fn each_planted_bug_has_a_name_of_its_own() {
    for mutant in Mutant::ALL {
        assert_eq!(mutant.name().parse(), Ok(*mutant));
        assert!(!mutant.about().trim().is_empty());
    }
    assert!("nonesuch".parse::<Mutant>().unwrap_err().contains("no-key"));
}
