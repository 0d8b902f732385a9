//! The largest groups of tasks, a bar each.

use caddis_types::dask::{DaskSnapshot, PrefixView};

use super::line::Line;
use crate::output::plural::grouped;
use crate::output::style::{Style, Tint};
use crate::output::table::width;

/// Groups shown; the others are counted together.
const MOST: usize = 4;
const NAME_ROOM: usize = 24;

/// Whether the lines tell every group, so that a sum of them says nothing new.
pub(super) fn tell_all(dask: &DaskSnapshot) -> bool {
    dask.prefixes.iter().filter(|group| group.total > 0).count() <= MOST
}

/// A line for each of the largest groups, and one for all the others.
pub(super) fn lines(dask: &DaskSnapshot, room: usize, style: Style) -> Vec<Line> {
    let mut groups: Vec<PrefixView> = dask.prefixes.iter().filter(|group| group.total > 0).cloned().collect();
    groups.sort_by(|a, b| b.total.cmp(&a.total).then_with(|| a.name.cmp(&b.name)));
    if groups.len() > MOST {
        let others = groups.split_off(MOST - 1);
        groups.push(together(&others));
    }
    let names = groups.iter().map(|group| width(&group.name).min(NAME_ROOM)).max().unwrap_or(0);
    let digits = groups.iter().map(|group| width(&grouped(group.total.max(group.done)))).max().unwrap_or(0);
    let counts = groups.iter().map(|group| format!("{:>digits$} / {:>digits$}", grouped(group.done), grouped(group.total)));
    let counts: Vec<String> = counts.collect();
    let numbers = digits * 2 + 3;
    let bar = room.saturating_sub(names + numbers + 8).min(32);
    groups.iter().zip(counts).map(|(group, counts)| one(group, &counts, [names, bar], style)).collect()
}

fn together(groups: &[PrefixView]) -> PrefixView {
    let mut all = PrefixView { name: format!("{} other groups", groups.len()), ..PrefixView::default() };
    for group in groups {
        all.done += group.done;
        all.total += group.total;
        *all.states.entry("erred".to_owned()).or_default() += erred(group);
    }
    all
}

fn erred(group: &PrefixView) -> u64 {
    group.states.get("erred").copied().unwrap_or(0)
}

fn one(group: &PrefixView, counts: &str, [names, bar]: [usize; 2], style: Style) -> Line {
    let name = Line::new().and(&group.name).cut(names);
    let pad = " ".repeat(names.saturating_sub(name.width()));
    let share = group.done as f64 / group.total.max(1) as f64;
    let full = ((share * bar as f64) as usize).min(bar);
    let mut line = Line::new().and("  ").and(name.render(Style { colour: false, ..style })).and(pad).and("  ");
    line = line.with(Tint::Good, style.pick("━", "#").repeat(full));
    line = line.with(Tint::Dim, style.pick("─", "-").repeat(bar - full)).and("  ");
    line = line.and(counts);
    match erred(group) {
        0 => line,
        bad => line.and("  ").with(Tint::Bad, format!("{} failed", grouped(bad))),
    }
}
