//! What costs money whether or not anybody works: Cloud Composer, Filestore, NAT, buckets.

use caddis_types::api::FixedCostView;
use caddis_types::{NanoDollars, Timestamp};

/// A cost by the month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FixedCost {
    /// What it is.
    pub name: String,
    /// A whole month of it.
    pub month: NanoDollars,
    /// From when it is paid.
    pub from: Option<Timestamp>,
    /// Until when.
    pub until: Option<Timestamp>,
}

impl FixedCost {
    /// Its share between two moments, by the second of each month: a month of 28 days costs as much as one of 31.
    pub fn between(&self, since: Timestamp, until: Timestamp) -> NanoDollars {
        let since = self.from.map_or(since, |from| since.max(from));
        let until = self.until.map_or(until, |end| until.min(end));
        let months = std::iter::successors(Some(since.month()), |month| Some(month.next_month()));
        months.take_while(|month| *month < until).map(|month| self.of_month(month, since, until)).sum()
    }

    /// Cut so that the shares of times that follow each other add up exactly.
    fn of_month(&self, month: Timestamp, since: Timestamp, until: Timestamp) -> NanoDollars {
        let end = month.next_month();
        let length = i128::from(end.0 - month.0);
        let up_to = |moment: Timestamp| {
            let part = i128::from(moment.clamp(month, end).0 - month.0);
            (i128::from(self.month.0) * part / length) as i64
        };
        NanoDollars(up_to(until) - up_to(since.min(until)))
    }

    /// The same for a report.
    pub fn view(&self, since: Timestamp, until: Timestamp) -> FixedCostView {
        FixedCostView { name: self.name.clone(), month: self.month, cost: self.between(since, until) }
    }
}
