//! Cost reports.

use caddis_types::Timestamp;
use caddis_types::api::{CostBy, CostView};

use crate::exchange::part;
use crate::{Client, ClientError};

/// Which report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CostQuery {
    /// By what it is grouped.
    pub by: CostBy,
    /// By which tag.
    pub tag: Option<String>,
    /// From when; the beginning of the current month by default.
    pub since: Option<Timestamp>,
    /// Until when; now by default.
    pub until: Option<Timestamp>,
    /// Everybody's, not only the caller's.
    pub everybody: bool,
}

impl Client {
    /// What was used and what it cost. May be repeated.
    pub async fn cost(&self, query: &CostQuery) -> Result<CostView, ClientError> {
        let mut path = format!("/v1/cost?by={}&everybody={}", query.by.as_str(), query.everybody);
        if let Some(tag) = &query.tag {
            path.push_str(&format!("&tag={}", part(tag)));
        }
        for (name, at) in [("since", query.since), ("until", query.until)] {
            if let Some(at) = at {
                path.push_str(&format!("&{name}={}", at.0));
            }
        }
        self.get(&path).await
    }
}
