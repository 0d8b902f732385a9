//! The list: rows with the days from which they hold.

use std::sync::{Arc, LazyLock};

use caddis_types::{NanoDollars, Timestamp};

/// A machine type in a region, from a day on.
#[derive(Clone, Debug, PartialEq)]
pub struct MachineRow {
    /// The region, such as `us-central1`.
    pub region: String,
    /// The machine type, such as `n2-standard-4`.
    pub machine: String,
    /// From when.
    pub from: Timestamp,
    /// Virtual processors.
    pub vcpus: u32,
    /// Memory, GiB.
    pub memory_gib: f64,
    /// On demand, an hour.
    pub on_demand_hour: NanoDollars,
    /// As a Spot machine, which may be taken away at any time, an hour.
    pub spot_hour: NanoDollars,
    /// Where the figures come from.
    pub source: String,
    /// What is assumed where the source does not say it.
    pub assumed: Option<String>,
}

/// What Dataproc itself costs in a region, from a day on.
#[derive(Clone, Debug, PartialEq)]
pub struct PremiumRow {
    /// The region, or `*` for every one.
    pub region: String,
    /// From when.
    pub from: Timestamp,
    /// A virtual processor an hour.
    pub vcpu_hour: NanoDollars,
    /// Where the figure comes from.
    pub source: String,
}

/// A kind of disk in a region, from a day on.
#[derive(Clone, Debug, PartialEq)]
pub struct DiskRow {
    /// The region.
    pub region: String,
    /// The kind, such as `pd-standard`.
    pub disk: String,
    /// From when.
    pub from: Timestamp,
    /// A GiB a month.
    pub gib_month: NanoDollars,
    /// Where the figure comes from.
    pub source: String,
    /// What is assumed where the source does not say it.
    pub assumed: Option<String>,
}

/// A whole price list. Rows of one thing stand in the order of their days.
#[derive(Clone, Debug, PartialEq)]
pub struct PriceList {
    /// The day on which somebody last compared it with its sources.
    pub checked: Timestamp,
    /// Machines.
    pub machines: Vec<MachineRow>,
    /// Dataproc's own price.
    pub premiums: Vec<PremiumRow>,
    /// Disks.
    pub disks: Vec<DiskRow>,
}

static BUILT_IN: LazyLock<Arc<PriceList>> =
    LazyLock::new(|| Arc::new(super::parse(include_str!("gcp.toml")).expect("a test reads the list that ships")));

/// The list that ships with Caddis.
pub fn built_in() -> Arc<PriceList> {
    Arc::clone(&BUILT_IN)
}

/// The row in force at a moment, of rows in the order of their days.
fn in_force<T>(rows: impl Iterator<Item = T>, from: impl Fn(&T) -> Timestamp, at: Timestamp) -> Option<T> {
    let mut found = None;
    for row in rows {
        if found.is_some() && from(&row) > at {
            break;
        }
        found = Some(row);
    }
    found
}

impl PriceList {
    /// A machine's row in force at a moment.
    pub fn machine(&self, region: &str, machine: &str, at: Timestamp) -> Option<&MachineRow> {
        in_force(self.rows_of(region, machine), |row| row.from, at)
    }

    /// Dataproc's own price in force at a moment; a region's own row goes before the one for every region.
    pub fn premium(&self, region: &str, at: Timestamp) -> Option<&PremiumRow> {
        in_force(self.premiums_of(region), |row| row.from, at)
    }

    /// A disk's row in force at a moment.
    pub fn disk(&self, region: &str, disk: &str, at: Timestamp) -> Option<&DiskRow> {
        in_force(self.disks.iter().filter(|row| row.region == region && row.disk == disk), |row| row.from, at)
    }

    /// The machine types that a region has, each once.
    pub fn machines_in(&self, region: &str) -> Vec<&str> {
        let mut names: Vec<_> =
            self.machines.iter().filter(|row| row.region == region).map(|row| row.machine.as_str()).collect();
        names.dedup();
        names
    }

    /// The regions that have machines, each once.
    pub fn regions(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.machines.iter().map(|row| row.region.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The moments after `from` and before `to` from which another price of this machine holds, in order.
    pub(super) fn changes(&self, region: &str, machine: &str, disk: &str, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        let machines = self.rows_of(region, machine).map(|row| row.from).skip(1);
        let premiums = self.premiums_of(region).map(|row| row.from).skip(1);
        let disks = self.disks.iter().filter(|row| row.region == region && row.disk == disk).map(|row| row.from).skip(1);
        let mut all: Vec<_> = machines.chain(premiums).chain(disks).filter(|at| *at > from && *at < to).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    fn rows_of<'a>(&'a self, region: &str, machine: &str) -> impl Iterator<Item = &'a MachineRow> {
        self.machines.iter().filter(move |row| row.region == region && row.machine == machine)
    }

    fn premiums_of<'a>(&'a self, region: &str) -> impl Iterator<Item = &'a PremiumRow> {
        let own = self.premiums.iter().any(|row| row.region == region);
        self.premiums.iter().filter(move |row| row.region == if own { region } else { "*" })
    }
}
