//! The graph of steps: whether every step can come to its turn. Pure.

use std::collections::{BTreeMap, BTreeSet};

/// A cycle among steps, in order, where there is one. `needs` names each step's prerequisites; unknown ones are ignored.
pub(super) fn cycle<'a>(needs: &BTreeMap<&'a str, Vec<&'a str>>) -> Option<Vec<&'a str>> {
    let mut left: BTreeSet<&str> = needs.keys().copied().collect();
    loop {
        let waits = |step: &str| needs[step].iter().any(|id| left.contains(id));
        let free: Vec<&str> = left.iter().copied().filter(|step| !waits(step)).collect();
        if free.is_empty() {
            break;
        }
        for step in free {
            left.remove(step);
        }
    }
    // Each of those that are left needs another one of them: following that leads in a circle.
    let mut path: Vec<&'a str> = vec![needs.keys().copied().find(|step| left.contains(step))?];
    loop {
        let next = needs[path[path.len() - 1]].iter().copied().find(|id| left.contains(id))?;
        if let Some(first) = path.iter().position(|step| *step == next) {
            return Some(path.split_off(first));
        }
        path.push(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(edges: &[(&'static str, &[&'static str])]) -> Option<Vec<&'static str>> {
        cycle(&edges.iter().map(|(step, needs)| (*step, needs.to_vec())).collect())
    }

    #[test]
    fn circles_are_found_and_nothing_else() {
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[("a", &[]), ("b", &["a"]), ("c", &["a"]), ("d", &["b", "c"])]), None);
        assert_eq!(of(&[("a", &["a"])]), Some(vec!["a"]));
        assert_eq!(of(&[("a", &["d"]), ("b", &["c"]), ("c", &["b"]), ("d", &["b"])]), Some(vec!["b", "c"]));
        assert_eq!(of(&[("a", &["unknown"])]), None);
    }
}
