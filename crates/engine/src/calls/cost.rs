//! What was used and what it cost, in the ledger and not yet.

use caddis_core::ledger::{self, report};
use caddis_core::record::{ClusterRecord, LedgerLine};
use caddis_core::world::{Members, Observed};
use caddis_core::forecast;
use caddis_types::api::{CostBy, CostGroup, CostView, ForecastView};
use caddis_types::{NanoDollars, Timestamp, names};

use super::{CallError, CallErrorKind, Caller};
use crate::Engine;
use crate::ports::{CostFilter, Costs};

/// What is asked of the ledger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CostQuestion {
    /// By what it is grouped.
    pub by: CostBy,
    /// By which tag.
    pub tag: Option<String>,
    /// From when; the beginning of the current month by default.
    pub since: Option<Timestamp>,
    /// Until when; now by default.
    pub until: Option<Timestamp>,
    /// Everybody's, not only the caller's. Whoever passes this on has asked whether the caller may.
    pub everybody: bool,
}

impl Engine {
    /// A cost report. What runs is counted until now.
    pub async fn cost(&self, caller: &Caller, question: CostQuestion) -> Result<CostView, CallError> {
        let now = self.ports.clock.now();
        check(&question)?;
        let (since, until) = (question.since.unwrap_or(now.month()), question.until.unwrap_or(now));
        if since >= until {
            let text = format!("the report would begin at {since} and end at {until}\nhint: `since` comes before `until`");
            return Err(CallError::new(CallErrorKind::Invalid, "bad_span", text));
        }
        let owner = (!question.everybody).then(|| caller.owner.clone());
        let filter = CostFilter { owner: owner.clone(), since, until, by: question.by, tag: question.tag };
        let (groups, usage) = self.groups(&filter, now).await?;
        let fixed: Vec<_> = self.ports.settings.fixed_costs.iter().map(|cost| cost.view(since, until)).collect();
        let fixed_total: NanoDollars = fixed.iter().map(|cost| cost.cost).sum();
        let forecast = if until >= now { Some(self.forecast(owner.clone(), now).await?) } else { None };
        Ok(CostView {
            by: filter.by,
            tag: filter.tag,
            owner,
            since,
            until,
            groups,
            total: usage.cost + fixed_total,
            usage,
            fixed,
            fixed_total,
            forecast,
        })
    }

    /// The groups of a part of the ledger, with what is open of it, and all of them together.
    async fn groups(&self, filter: &CostFilter, now: Timestamp) -> Result<(Vec<CostGroup>, CostGroup), CallError> {
        let Costs { mut sums, edges, living } = self.ports.store.costs(filter).await?;
        let (since, until) = (filter.since, filter.until);
        let mut inside: Vec<_> = edges.iter().filter_map(|line| report::clip(line, since, until)).collect();
        for cluster in &living {
            let open = self.open_lines(cluster, now).await;
            inside.extend(open.iter().filter_map(|line| report::clip_living(line, since, until, now)));
        }
        sums.extend(report::sums(&inside, filter.by, filter.tag.as_deref()));
        Ok(report::groups(sums, filter.by))
    }

    async fn open_lines(&self, cluster: &ClusterRecord, now: Timestamp) -> Vec<LedgerLine> {
        let seen: Option<Members> = match self.ports.backend.members(&cluster.id).await {
            Observed::Known(members) => Some(members),
            Observed::Unknown(_) => None,
        };
        ledger::open(cluster, seen.as_ref(), &self.ports.settings.tariff, now)
    }

    async fn forecast(&self, owner: Option<String>, now: Timestamp) -> Result<ForecastView, CallError> {
        // A line of this very moment counts.
        let until = Timestamp(now.0.saturating_add(1));
        let of = |since| CostFilter { owner: owner.clone(), since, until, by: CostBy::Day, tag: None };
        let (_, so_far) = self.groups(&of(now.month()), now).await?;
        let (days, lately) = self.groups(&of(now - forecast::LATELY), now).await?;
        let first = days.first().and_then(|day| Timestamp::parse(day.group.as_deref()?).ok());
        Ok(forecast::month(so_far.cost, lately.cost, first, &self.ports.settings.fixed_costs, now))
    }
}

fn check(question: &CostQuestion) -> Result<(), CallError> {
    let refuse = |text: String| Err(CallError::new(CallErrorKind::Invalid, "bad_tag", text));
    match (question.by, &question.tag) {
        (CostBy::Tag, Some(tag)) if names::check(tag).is_err() => {
            refuse(format!("`{tag}` cannot be the name of a tag\nhint: a letter, then letters, digits, `-` and `_`"))
        }
        (CostBy::Tag, Some(_)) | (_, None) => Ok(()),
        (by, Some(_)) => refuse(format!("a tag was named, and costs are asked by {}\nhint: leave one of them out", by.as_str())),
    }
}
