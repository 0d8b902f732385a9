//! Prices and fixed costs of a config file, as decisions use them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use caddis_core::ledger::FixedCost;
use caddis_core::prices::{self, PriceError, PriceList, Tariff};
use caddis_core::settings::Settings;
use caddis_types::{NanoDollars, Timestamp};

use super::{Config, FixedCostConfig};
use crate::failure::Failure;
use crate::home::plain;

/// No machine's boot disk is larger, GiB: 64 TiB, as Google's persistent disks.
const LARGEST_DISK: u32 = 65_536;

/// A price list, and where it is from.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The list.
    pub list: Arc<PriceList>,
    /// The file; absent for the list that ships with Caddis.
    pub file: Option<PathBuf>,
}

/// Reads a price list from a file.
pub fn read_list(file: &Path) -> Result<PriceList, Failure> {
    let text = fs::read_to_string(file).map_err(|error| {
        let text = format!("the price list `{}` cannot be read: {}", file.display(), plain(&error));
        Failure::usage("prices_unreadable", text).hint("name a file that is there; `caddis price list` shows the list that counts")
    })?;
    prices::parse(&text).map_err(|error| wrong(file, &error))
}

fn wrong(file: &Path, error: &PriceError) -> Failure {
    let message = error.to_string();
    let failure = Failure::usage("prices_invalid", format!("the price list `{}` is wrong: {}", file.display(), short(&message)));
    match nearest_field(&message) {
        Some(near) => failure.hint(format!("did you mean `{near}`? `docs/COST.md` describes the file")),
        None => failure.hint("`docs/COST.md` describes the file"),
    }
}

/// Serde's list of all fields says less than the nearest one.
fn short(message: &str) -> &str {
    message.split(", expected ").next().unwrap_or(message)
}

/// The nearest field to an unknown one, of a message of serde.
pub fn nearest_field(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("unknown field `")?;
    let (given, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2);
    let best = known.map(|name| (strsim::osa_distance(name, given), name)).min()?;
    (best.0 <= given.len().div_ceil(2)).then(|| best.1.to_owned())
}

impl Config {
    /// The price list that counts.
    pub fn price_list(&self, home: &Path) -> Result<Listed, Failure> {
        match &self.prices.file {
            Some(file) => {
                let file = home.join(file);
                Ok(Listed { list: Arc::new(read_list(&file)?), file: Some(file) })
            }
            None => Ok(Listed { list: prices::built_in(), file: None }),
        }
    }

    /// What of the price list applies. A region or a machine that it does not have is told with what it has.
    pub fn tariff(&self, home: &Path) -> Result<Tariff, Failure> {
        let Listed { list, .. } = self.price_list(home)?;
        let asked = &self.prices;
        let refuse = |key: &str, value: &str, known: Vec<&str>| {
            let known = known.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
            let text = format!("`prices.{key}` is `{value}`, and the price list has no such\nhint: it has {known}");
            Err(Failure::usage("config_invalid", text))
        };
        if !list.regions().contains(&asked.region.as_str()) {
            return refuse("region", &asked.region, list.regions());
        }
        if !list.machines_in(&asked.region).contains(&asked.machine_type.as_str()) {
            return refuse("machine_type", &asked.machine_type, list.machines_in(&asked.region));
        }
        if asked.disk_gib > 0 && list.disk(&asked.region, &asked.disk_type, list.checked).is_none() {
            return refuse("disk_type", &asked.disk_type, list.disks.iter().map(|row| row.disk.as_str()).collect());
        }
        Ok(Tariff {
            list,
            region: asked.region.clone(),
            machine: asked.machine_type.clone(),
            disk: asked.disk_type.clone(),
            disk_gib: asked.disk_gib,
        })
    }

    /// What costs money whether or not anybody works; `path` is only named in errors.
    pub fn fixed_costs(&self, path: &Path) -> Result<Vec<FixedCost>, Failure> {
        let costs: Vec<FixedCost> = self.fixed_costs.iter().map(|raw| fixed(raw, path)).collect::<Result<_, _>>()?;
        for (index, cost) in costs.iter().enumerate() {
            if costs[..index].iter().any(|before| is_twice(before, cost)) {
                let text = format!("`{}`: `fixed_costs.name` is `{}` twice, and would be counted twice", path.display(), cost.name);
                return Err(Failure::usage("config_invalid", text)
                    .hint("remove one of them; where its price changes, let the first one end (`until`) on the day on which the second begins (`from`)"));
            }
        }
        Ok(costs)
    }

    /// Refuses a boot disk that no machine can have; `path` is only named in errors.
    pub fn check_disk(&self, path: &Path) -> Result<(), Failure> {
        match self.prices.disk_gib {
            0..=LARGEST_DISK => Ok(()),
            size => {
                let text = format!("`{}`: `prices.disk_gib` is {size}: 0 to 65,536 was expected", path.display());
                Err(Failure::usage("config_invalid", text).hint("a persistent disk of Google Cloud has at most 64 TiB"))
            }
        }
    }

    /// The settings that decisions go by.
    pub fn settings(&self, home: &Path) -> Result<Settings, Failure> {
        let fixed_costs = self.fixed_costs(home)?.into();
        let tariff = Arc::new(self.tariff(home)?);
        Ok(Settings { tariff, fixed_costs, policy: self.autoscale.clone(), ..self.times.settings() })
    }
}

/// Whether two costs are one that is written down twice: the same name, and a day on which both are paid. A name may
/// stand there again for another time, as when a price changes.
fn is_twice(one: &FixedCost, other: &FixedCost) -> bool {
    let begins = |cost: &FixedCost| cost.from.unwrap_or(Timestamp(i64::MIN));
    let ends = |cost: &FixedCost| cost.until.unwrap_or(Timestamp(i64::MAX));
    let same = one.name.trim() == other.name.trim();
    same && begins(one) < ends(other) && begins(other) < ends(one)
}

fn fixed(raw: &FixedCostConfig, path: &Path) -> Result<FixedCost, Failure> {
    let refuse = |field: &str, problem: String| {
        let text = format!("`{}`: `fixed_costs.{field}` of `{}` {problem}", path.display(), raw.name);
        Err(Failure::usage("config_invalid", text).hint("`docs/CONFIG.md` describes the key"))
    };
    if raw.name.trim().is_empty() {
        return refuse("name", "is empty".to_owned());
    }
    if !raw.monthly.is_finite() || !(0.0..=1e6).contains(&raw.monthly) {
        return refuse("monthly", format!("is {}: dollars a month were expected, 0 to 1,000,000", raw.monthly));
    }
    let day = |text: &Option<String>| text.as_deref().map(Timestamp::parse).transpose();
    let from = match day(&raw.from) {
        Ok(from) => from,
        Err(_) => return refuse("from", "is no day: write it as `2026-11-23`".to_owned()),
    };
    let until = match day(&raw.until) {
        Ok(until) => until,
        Err(_) => return refuse("until", "is no day: write it as `2026-11-23`".to_owned()),
    };
    if from.zip(until).is_some_and(|(from, until)| until <= from) {
        return refuse("until", "is not after `from`".to_owned());
    }
    let month = NanoDollars((raw.monthly * 1e9).round() as i64);
    Ok(FixedCost { name: raw.name.clone(), month, from, until })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn read(text: &str) -> Result<Config, Failure> {
        parse(text, Path::new("caddis.toml"))
    }

    #[test]
    fn wrong_fixed_costs_name_their_field() {
        for (text, field) in [
            ("name = \"composer\"\nmonthly = -300", "monthly"),
            ("name = \"composer\"\nmonthly = 3e9", "monthly"),
            ("name = \" \"\nmonthly = 3", "name"),
            ("name = \"nat\"\nmonthly = 3\nfrom = \"soon\"", "from"),
            ("name = \"nat\"\nmonthly = 3\nfrom = \"2026-02-01\"\nuntil = \"2026-01-01\"", "until"),
        ] {
            let failure = read(&format!("[[fixed_costs]]\n{text}\n")).unwrap_err();
            assert!(failure.message.contains(&format!("`fixed_costs.{field}`")), "{failure:?}");
        }
        let unknown = read("[[fixed_costs]]\nname = \"nat\"\nmonthly = 3\nform = \"2026-02-01\"\n").unwrap_err();
        assert!(unknown.hint.unwrap().contains("fixed_costs.from"));
        assert!(read("[[fixed_costs]]\nname = \"nat\"\n").unwrap_err().message.contains("monthly"));
    }

    #[test]
    fn a_fixed_cost_is_counted_once_and_may_change_its_price() {
        let two = |first: &str, second: &str| {
            read(&format!("[[fixed_costs]]\nname = \"nat\"\nmonthly = 3\n{first}\n[[fixed_costs]]\nname = \"nat\"\nmonthly = 4\n{second}\n"))
        };
        let twice = two("", "").unwrap_err();
        assert!(twice.message.contains("`fixed_costs.name` is `nat` twice") && twice.hint.is_some(), "{twice:?}");
        assert!(two("until = \"2026-06-02\"", "from = \"2026-06-01\"").is_err(), "a day is in both");
        assert_eq!(two("until = \"2026-06-01\"", "from = \"2026-06-01\"").unwrap().fixed_costs.len(), 2);
    }

    #[test]
    fn a_list_of_ones_own_takes_the_place_of_ours_and_a_wrong_one_names_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let config = read("[prices]\nfile = \"own.toml\"\nregion = \"home\"\nmachine_type = \"box\"\n").unwrap();
        let write = |price: &str| {
            let text = format!(
                "checked = \"2026-11-23\"\n[[machine]]\nregion = \"home\"\ntype = \"box\"\nfrom = \"2026-01-01\"\nvcpus = 4\n\
                 memory_gib = 16\n{price}\nspot_hour = 0.1\nsource = \"a bill\"\n\
                 [[dataproc]]\nregion = \"*\"\nfrom = \"2026-01-01\"\nvcpu_hour = 0.0\nsource = \"none\"\n"
            );
            std::fs::write(folder.path().join("own.toml"), text).unwrap();
        };
        write("on_demand_hour = 0.5");
        let now = Timestamp::parse("2026-11-23").unwrap();
        let tariff = config.tariff(folder.path()).unwrap();
        assert_eq!(tariff.rates("box", now).unwrap().on_demand, NanoDollars(500_000_000));
        write("on_demand_hour = -0.5");
        let failure = config.tariff(folder.path()).unwrap_err();
        assert!(failure.message.contains("own.toml") && failure.message.contains("`on_demand_hour`"), "{failure:?}");
        write("on_demnd_hour = 0.5");
        let failure = config.tariff(folder.path()).unwrap_err();
        assert!(failure.hint.unwrap().contains("`on_demand_hour`"), "the nearest field is told");
    }

    #[test]
    fn a_region_that_the_list_does_not_have_is_told_with_those_it_has() {
        let failure = read("[prices]\nregion = \"mars\"\n").unwrap().tariff(Path::new("/")).unwrap_err();
        assert!(failure.message.contains("`prices.region`") && failure.hint.unwrap().contains("us-central1"));
        let failure = read("[prices]\nmachine_type = \"abacus\"\n").unwrap().tariff(Path::new("/")).unwrap_err();
        assert!(failure.message.contains("`prices.machine_type`"));
    }
}
