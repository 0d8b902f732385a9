//! Reading a price list, and refusing what cannot be meant.

use std::collections::BTreeMap;

use caddis_types::{NanoDollars, Timestamp};
use serde::Deserialize;
use thiserror::Error;

use super::{DiskRow, MachineRow, PremiumRow, PriceList};
use crate::misread::{self, Misread};

/// Above this a virtual processor an hour is a slip of the point: the dearest machines cost less than a tenth of it.
const DEAREST_VCPU: f64 = 10.0;
/// Below this it is one too.
const CHEAPEST_VCPU: f64 = 0.001;
/// Spot machines cost 9 to 40 % of the price on demand (https://cloud.google.com/compute/docs/instances/spot).
const CHEAPEST_SPOT: f64 = 0.05;

/// A price list that cannot be used.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum PriceError {
    /// It is not TOML of this shape.
    #[error("{place}{message}")]
    Form {
        /// `at line 3: `, where that is known.
        place: String,
        /// What is wrong.
        message: String,
    },
    /// A figure that cannot be meant.
    #[error("{row}: `{field}` {problem}")]
    Field {
        /// Which row, such as `machine 3 (us-central1, n2-standard-4)`.
        row: String,
        /// Which field.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    checked: String,
    #[serde(default)]
    machine: Vec<Machine>,
    #[serde(default)]
    dataproc: Vec<Premium>,
    #[serde(default)]
    disk: Vec<Disk>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Machine {
    region: String,
    #[serde(rename = "type")]
    machine: String,
    from: String,
    until: Option<String>,
    vcpus: u32,
    memory_gib: f64,
    on_demand_hour: f64,
    spot_hour: f64,
    source: String,
    assumed: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Premium {
    region: String,
    from: String,
    until: Option<String>,
    vcpu_hour: f64,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Disk {
    region: String,
    #[serde(rename = "type")]
    disk: String,
    from: String,
    until: Option<String>,
    gib_month: f64,
    source: String,
    assumed: Option<String>,
}

/// A row while it is being read: whose errors name it.
struct Row(String);

impl Row {
    fn refuse<T>(&self, field: &'static str, problem: impl Into<String>) -> Result<T, PriceError> {
        Err(PriceError::Field { row: self.0.clone(), field, problem: problem.into() })
    }

    /// Dollars as whole nano-dollars.
    fn money(&self, field: &'static str, dollars: f64, least: f64, most: f64) -> Result<NanoDollars, PriceError> {
        if !dollars.is_finite() {
            return self.refuse(field, format!("is {dollars}, which is no price"));
        }
        if dollars < 0.0 {
            return self.refuse(field, format!("is {dollars}: nobody is paid for renting, and a price is 0 or more"));
        }
        if dollars < least {
            return self.refuse(field, format!("is {dollars}, which is absurdly little: at least {least} was expected"));
        }
        if dollars > most {
            return self.refuse(field, format!("is {dollars}, which is absurdly much: at most {most} was expected"));
        }
        Ok(NanoDollars((dollars * 1e9).round() as i64))
    }

    fn day(&self, field: &'static str, text: &str) -> Result<Timestamp, PriceError> {
        match Timestamp::parse(text) {
            Ok(day) if day == day.day() && (2000..2100).contains(&day.year()) => Ok(day),
            Ok(_) => self.refuse(field, format!("is `{text}`: a day between 2000 and 2100 was expected, such as `2026-11-23`")),
            Err(_) => self.refuse(field, format!("is `{text}`, which is no day: write it as `2026-11-23`")),
        }
    }

    fn text(&self, field: &'static str, text: &str) -> Result<String, PriceError> {
        if text.trim().is_empty() { self.refuse(field, "is empty") } else { Ok(text.to_owned()) }
    }
}

/// The days on which rows of one thing begin and end.
#[derive(Default)]
struct Spans(BTreeMap<String, Vec<(Timestamp, Option<Timestamp>, String)>>);

impl Spans {
    fn add(&mut self, row: &Row, thing: String, from: Timestamp, until: Option<&str>) -> Result<(), PriceError> {
        let until = until.map(|text| row.day("until", text)).transpose()?;
        if until.is_some_and(|until| until <= from) {
            return row.refuse("until", "is not after `from`");
        }
        self.0.entry(thing).or_default().push((from, until, row.0.clone()));
        Ok(())
    }

    /// At any moment exactly one row is in force.
    fn check(mut self) -> Result<(), PriceError> {
        for rows in self.0.values_mut() {
            rows.sort();
            for pair in rows.windows(2) {
                let [(from, until, row), (next, _, other)] = pair else { continue };
                let problem = match until {
                    _ if from == next => format!("is the same as that of {other}: their times overlap"),
                    Some(until) if until > next => format!("lies after the beginning of {other}: their times overlap"),
                    Some(until) if until < next => format!("lies before the beginning of {other}: no price is in force between"),
                    _ => continue,
                };
                let field = if from == next { "from" } else { "until" };
                return Err(PriceError::Field { row: row.clone(), field, problem });
            }
            if let Some((_, Some(_), row)) = rows.last() {
                let problem = "ends the last row: no price would be in force after it".to_owned();
                return Err(PriceError::Field { row: row.clone(), field: "until", problem });
            }
        }
        Ok(())
    }
}

/// What could not be read, with the row by which people know it.
fn unread(text: &str, error: &Misread) -> PriceError {
    let Some((list, index)) = &error.row else {
        return PriceError::Form { place: error.place(), message: error.named() };
    };
    let whole: toml::Table = text.parse().unwrap_or_default();
    let row = whole.get(list).and_then(|rows| rows.get(*index));
    let names = ["region", "type"].iter().filter_map(|name| row?.get(*name)?.as_str()).collect::<Vec<_>>().join(", ");
    let names = if names.is_empty() { String::new() } else { format!(" ({names})") };
    PriceError::Form { place: error.place(), message: format!("{list} {}{names}: {}", index + 1, error.sentence()) }
}

/// Reads a price list.
pub fn parse(text: &str) -> Result<PriceList, PriceError> {
    let file: File = misread::toml(text).map_err(|error| unread(text, &error))?;
    let mut spans = Spans::default();
    let head = Row("the list".to_owned());
    let mut list = PriceList {
        checked: head.day("checked", &file.checked)?,
        machines: file.machine.iter().enumerate().map(|(n, row)| machine(n, row, &mut spans)).collect::<Result<_, _>>()?,
        premiums: file.dataproc.iter().enumerate().map(|(n, row)| premium(n, row, &mut spans)).collect::<Result<_, _>>()?,
        disks: file.disk.iter().enumerate().map(|(n, row)| disk(n, row, &mut spans)).collect::<Result<_, _>>()?,
    };
    if list.machines.is_empty() {
        return head.refuse("machine", "is missing: at least one row is needed");
    }
    if list.premiums.is_empty() {
        return head.refuse("dataproc", "is missing: what Dataproc itself costs is a part of every price");
    }
    spans.check()?;
    list.machines.sort_by(|a, b| (&a.region, &a.machine, a.from).cmp(&(&b.region, &b.machine, b.from)));
    list.premiums.sort_by(|a, b| (&a.region, a.from).cmp(&(&b.region, b.from)));
    list.disks.sort_by(|a, b| (&a.region, &a.disk, a.from).cmp(&(&b.region, &b.disk, b.from)));
    Ok(list)
}

fn machine(number: usize, raw: &Machine, spans: &mut Spans) -> Result<MachineRow, PriceError> {
    let row = Row(format!("machine {} ({}, {})", number + 1, raw.region, raw.machine));
    if raw.vcpus == 0 || raw.vcpus > 1024 {
        return row.refuse("vcpus", format!("is {}: 1 to 1024 were expected", raw.vcpus));
    }
    if !(0.25..=65_536.0).contains(&raw.memory_gib) {
        return row.refuse("memory_gib", format!("is {}: 0.25 to 65536 were expected", raw.memory_gib));
    }
    let vcpus = f64::from(raw.vcpus);
    let on_demand = raw.on_demand_hour;
    let on_demand_hour = row.money("on_demand_hour", on_demand, CHEAPEST_VCPU * vcpus, DEAREST_VCPU * vcpus)?;
    let from = row.day("from", &raw.from)?;
    spans.add(&row, format!("machine {} {}", raw.region, raw.machine), from, raw.until.as_deref())?;
    Ok(MachineRow {
        region: row.text("region", &raw.region)?,
        machine: row.text("type", &raw.machine)?,
        from,
        vcpus: raw.vcpus,
        memory_gib: raw.memory_gib,
        on_demand_hour,
        spot_hour: row.money("spot_hour", raw.spot_hour, CHEAPEST_SPOT * on_demand, on_demand)?,
        source: row.text("source", &raw.source)?,
        assumed: raw.assumed.clone(),
    })
}

fn premium(number: usize, raw: &Premium, spans: &mut Spans) -> Result<PremiumRow, PriceError> {
    let row = Row(format!("dataproc {} ({})", number + 1, raw.region));
    let from = row.day("from", &raw.from)?;
    spans.add(&row, format!("dataproc {}", raw.region), from, raw.until.as_deref())?;
    Ok(PremiumRow {
        region: row.text("region", &raw.region)?,
        from,
        vcpu_hour: row.money("vcpu_hour", raw.vcpu_hour, 0.0, 1.0)?,
        source: row.text("source", &raw.source)?,
    })
}

fn disk(number: usize, raw: &Disk, spans: &mut Spans) -> Result<DiskRow, PriceError> {
    let row = Row(format!("disk {} ({}, {})", number + 1, raw.region, raw.disk));
    let from = row.day("from", &raw.from)?;
    spans.add(&row, format!("disk {} {}", raw.region, raw.disk), from, raw.until.as_deref())?;
    Ok(DiskRow {
        region: row.text("region", &raw.region)?,
        disk: row.text("type", &raw.disk)?,
        from,
        gib_month: row.money("gib_month", raw.gib_month, 0.0, 10.0)?,
        source: row.text("source", &raw.source)?,
        assumed: raw.assumed.clone(),
    })
}
