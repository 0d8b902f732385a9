//! Cost: what is asked of the ledger, and what it tells. All money adds up exactly.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{NanoDollars, Timestamp};

/// What a cost report is grouped by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CostBy {
    /// Whose it was.
    Owner,
    /// The value of the tag that `tag` names; without a name all tags together.
    Tag,
    /// The job that it served; jobs that shared a cluster at the same time have equal parts.
    Job,
    /// The day it ran, in UTC.
    #[default]
    Day,
    /// The profile of the cluster.
    Profile,
    /// The machine type whose price it has.
    Machine,
    /// `scheduler`, `worker`, or `preemptible worker`.
    Kind,
    /// The cluster.
    Cluster,
}

impl CostBy {
    /// All of them, in the order in which help texts name them.
    pub const ALL: &'static [CostBy] = &[
        CostBy::Owner,
        CostBy::Tag,
        CostBy::Job,
        CostBy::Day,
        CostBy::Profile,
        CostBy::Machine,
        CostBy::Kind,
        CostBy::Cluster,
    ];

    /// The word in queries and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            CostBy::Owner => "owner",
            CostBy::Tag => "tag",
            CostBy::Job => "job",
            CostBy::Day => "day",
            CostBy::Profile => "profile",
            CostBy::Machine => "machine",
            CostBy::Kind => "kind",
            CostBy::Cluster => "cluster",
        }
    }
}

/// One group of a cost report.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CostGroup {
    /// The owner, day, job, ...; absent for what belongs to none, such as a process that served no job.
    pub group: Option<String>,
    /// Time of all its processes, microseconds.
    pub micros: i64,
    /// Cost of the time in which somebody used it, nano-dollars.
    pub used: NanoDollars,
    /// Cost of the time in which nobody did, nano-dollars.
    pub idle: NanoDollars,
    /// Both together.
    pub cost: NanoDollars,
}

/// What something costs whether or not anybody uses it, such as Cloud Composer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FixedCostView {
    /// What it is.
    pub name: String,
    /// A whole month of it, nano-dollars.
    pub month: NanoDollars,
    /// Its share in the time of the report, by the second of the month, nano-dollars.
    pub cost: NanoDollars,
}

/// What the current month will have cost when it is over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ForecastView {
    /// When the month is over.
    pub until: Timestamp,
    /// What was used of it so far, nano-dollars.
    pub so_far: NanoDollars,
    /// A day's use, as it was lately, nano-dollars.
    pub per_day: NanoDollars,
    /// Over how many days that was observed.
    pub observed_days: f64,
    /// What use will have cost, nano-dollars.
    pub usage: NanoDollars,
    /// What is fixed, the whole month of it, nano-dollars.
    pub fixed: NanoDollars,
    /// Both together.
    pub total: NanoDollars,
}

/// `GET /v1/cost`: a cost report. The groups add up to `usage`, the fixed costs to `fixed_total`, both to `total`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CostView {
    /// What it is grouped by.
    pub by: CostBy,
    /// Which tag, when grouped by one.
    pub tag: Option<String>,
    /// Whose costs; absent for everybody's.
    pub owner: Option<String>,
    /// The beginning.
    pub since: Timestamp,
    /// The end; what runs is counted until now.
    pub until: Timestamp,
    /// The groups: days in their order, others the dearest first.
    pub groups: Vec<CostGroup>,
    /// All groups together.
    pub usage: CostGroup,
    /// Costs from the config that run whether or not anybody works.
    pub fixed: Vec<FixedCostView>,
    /// All of them together.
    pub fixed_total: NanoDollars,
    /// Usage and fixed costs.
    pub total: NanoDollars,
    /// The current month, when the report reaches into it.
    pub forecast: Option<ForecastView>,
}
