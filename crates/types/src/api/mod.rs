//! The shapes of the native API, version 1, one file a noun. Requests refuse unknown fields; answers may grow.

mod clusters;
mod cost;
mod environments;
mod events;
mod google;
mod jobs;
mod login;
mod logs;
mod problem;
mod server;
mod usage;
mod why;
mod wish;

pub use clusters::{
    AdaptWish, ClusterPhase, ClusterView, ClusterWish, ConnectionView, DecisionView, ScaleWish, SetupWish, SlotView,
};
pub use cost::{CostBy, CostGroup, CostView, FixedCostView, ForecastView};
pub use environments::EnvironmentView;
pub use events::EventView;
pub use google::GoogleView;
pub use jobs::{AttemptView, CancelWish, ClusterChoice, JobPhase, JobView, JobWish};
pub use login::{LoginLinkView, LoginLinkWish};
pub use logs::{ATTEMPT_HEADER, FRAMES_TYPE, Stream};
pub use problem::Problem;
pub use server::{PruneView, PruneWish, ServerView, ShutdownWish};
pub use usage::UsageView;
pub use why::WhyView;
pub use wish::{EnvironmentWish, Program, RetryWish};
