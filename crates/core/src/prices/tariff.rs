//! One region's prices, as decisions use them.

use std::sync::Arc;

use caddis_types::shape::ClusterShape;
use caddis_types::{NanoDollars, Timestamp};

use super::{PriceList, built_in};

/// Hours of a month, as Google turns monthly prices of disks into hourly ones.
const MONTH_HOURS: i64 = 730;

/// What a machine costs an hour, with Dataproc's part and its disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// On demand.
    pub on_demand: NanoDollars,
    /// As one that may be taken away at any time.
    pub preemptible: NanoDollars,
}

/// A price list, and what of it applies here.
#[derive(Clone, Debug, PartialEq)]
pub struct Tariff {
    /// The list.
    pub list: Arc<PriceList>,
    /// The region whose prices count.
    pub region: String,
    /// The machine type of clusters that name none.
    pub machine: String,
    /// The kind of the boot disk.
    pub disk: String,
    /// The size of the boot disk, GiB; 0 leaves disks out.
    pub disk_gib: u32,
}

impl Default for Tariff {
    fn default() -> Self {
        Tariff {
            list: built_in(),
            region: "us-central1".to_owned(),
            machine: "n2-standard-4".to_owned(),
            disk: "pd-standard".to_owned(),
            disk_gib: 0,
        }
    }
}

impl Tariff {
    /// What a machine costs at a moment; nothing when the list does not have it.
    pub fn rates(&self, machine: &str, at: Timestamp) -> Option<Rates> {
        let row = self.list.machine(&self.region, machine, at)?;
        let premium = self.list.premium(&self.region, at).map_or(0, |row| row.vcpu_hour.0);
        let disk = self.list.disk(&self.region, &self.disk, at).map_or(0, |row| row.gib_month.0);
        let beside = premium * i64::from(row.vcpus) + (disk * i64::from(self.disk_gib) + MONTH_HOURS / 2) / MONTH_HOURS;
        Some(Rates {
            on_demand: row.on_demand_hour + NanoDollars(beside),
            preemptible: row.spot_hour + NanoDollars(beside),
        })
    }

    /// The price of a cluster's scheduler, or of one of its workers, at a moment: that of its shape where the list does
    /// not have its machine.
    pub fn price(&self, shape: &ClusterShape, role: Role, at: Timestamp) -> NanoDollars {
        let rates = self.rates(role.machine(shape), at);
        match role {
            Role::Scheduler => rates.map_or(shape.scheduler_price_hour, |rates| rates.on_demand),
            Role::Worker => rates.map_or(shape.worker_price_hour, |rates| rates.on_demand),
            Role::Preemptible => rates.map_or(shape.preemptible_price_hour, |rates| rates.preemptible),
        }
    }

    /// The moments after `from` and before `to` from which another price of a machine holds, in order.
    pub fn changes(&self, machine: &str, from: Timestamp, to: Timestamp) -> Vec<Timestamp> {
        self.list.changes(&self.region, machine, &self.disk, from, to)
    }
}

/// What a process is paid as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The scheduler, which is never preemptible.
    Scheduler,
    /// A worker that stays.
    Worker,
    /// A worker that may be taken away.
    Preemptible,
}

impl Role {
    /// The machine type that it has in a cluster of this shape.
    pub fn machine(self, shape: &ClusterShape) -> &str {
        match self {
            Role::Scheduler => &shape.scheduler_machine_type,
            Role::Worker | Role::Preemptible => &shape.machine_type,
        }
    }
}
