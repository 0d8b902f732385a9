//! Seeds that once found a bug, each with its story. They are run always.

/// The file, as it was when this was built.
const KEPT: &str = include_str!("../seeds/kept.txt");

/// Seeds and their stories.
pub fn kept() -> Vec<(u64, &'static str)> {
    let line = |line: &'static str| {
        let (seed, story) = line.split_once(' ')?;
        Some((seed.parse().ok()?, story.trim()))
    };
    KEPT.lines().filter(|text| !text.starts_with('#')).filter_map(line).collect()
}
