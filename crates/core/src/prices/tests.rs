//! The list that ships, and lists that cannot be meant.

use caddis_types::{NanoDollars, Timestamp};

use super::{PriceError, Tariff, built_in, parse};

fn day(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// A small list: one machine whose price changes once.
fn small() -> String {
    "checked = \"2026-11-23\"\n\
     [[machine]]\nregion = \"r\"\ntype = \"m\"\nfrom = \"2024-01-01\"\nvcpus = 4\nmemory_gib = 16\n\
     on_demand_hour = 0.2\nspot_hour = 0.05\nsource = \"s\"\n\
     [[machine]]\nregion = \"r\"\ntype = \"m\"\nfrom = \"2026-06-01\"\nvcpus = 4\nmemory_gib = 16\n\
     on_demand_hour = 0.4\nspot_hour = 0.1\nsource = \"s\"\n\
     [[dataproc]]\nregion = \"*\"\nfrom = \"2024-01-01\"\nvcpu_hour = 0.01\nsource = \"s\"\n\
     [[disk]]\nregion = \"r\"\ntype = \"pd\"\nfrom = \"2024-01-01\"\ngib_month = 0.073\nsource = \"s\"\n"
        .to_owned()
}

fn tariff(text: &str, disk_gib: u32) -> Tariff {
    let list = std::sync::Arc::new(parse(text).unwrap());
    Tariff { list, region: "r".into(), machine: "m".into(), disk: "pd".into(), disk_gib }
}

#[test]
fn the_list_that_ships_has_the_missions_machine_at_the_price_of_its_source() {
    let rates = Tariff::default().rates("n2-standard-4", day("2026-11-23")).unwrap();
    // 4 x $0.031611 + 16 x $0.004237, and 4 x $0.010 for Dataproc.
    assert_eq!(rates.on_demand, NanoDollars(194_236_000 + 40_000_000));
    assert_eq!(rates.preemptible, NanoDollars(38_847_200 + 40_000_000));
}

#[test]
fn the_rows_of_a_family_are_its_vcpus_and_memory() {
    for row in &built_in().machines {
        let exact = f64::from(row.vcpus) * 0.031611 + row.memory_gib * 0.004237;
        assert!((row.on_demand_hour.dollars() - exact).abs() < 1e-9, "{row:?}");
        assert_eq!(row.spot_hour.0 * 5, row.on_demand_hour.0, "{row:?}");
        assert!(row.source.starts_with("https://") && row.assumed.is_some(), "{row:?}");
    }
}

#[test]
fn the_price_in_force_is_that_of_its_day() {
    let tariff = tariff(&small(), 0);
    let at = |text: &str| tariff.rates("m", day(text)).unwrap().on_demand.0;
    assert_eq!(at("2020-01-01"), 240_000_000, "before the first row the first one counts");
    assert_eq!(at("2026-05-31"), 240_000_000);
    assert_eq!(at("2026-06-01"), 440_000_000);
    let change = [day("2026-06-01")];
    assert_eq!(tariff.changes("m", day("2026-05-31"), day("2026-06-02")), change);
    assert_eq!(tariff.changes("m", day("2026-06-01"), day("2026-06-02")), []);
    assert_eq!(tariff.rates("other", day("2026-06-01")), None);
}

#[test]
fn a_disk_counts_where_machines_have_one() {
    let plain = tariff(&small(), 0).rates("m", day("2026-06-01")).unwrap();
    let disk = tariff(&small(), 100).rates("m", day("2026-06-01")).unwrap();
    assert_eq!(disk.on_demand - plain.on_demand, NanoDollars(10_000_000), "100 GiB at $0.073 a month of 730 h");
}

/// What is refused when `old` in the small list is `new`: the row and the field.
fn refused(old: &str, new: &str) -> (String, &'static str, String) {
    let text = small().replacen(old, new, 1);
    assert_ne!(text, small(), "{old}");
    match parse(&text).unwrap_err() {
        PriceError::Field { row, field, problem } => (row, field, problem),
        other => panic!("{new}: {other}"),
    }
}

#[test]
fn what_cannot_be_meant_is_refused_and_its_row_and_field_are_named() {
    for (old, new, field, why) in [
        ("on_demand_hour = 0.2", "on_demand_hour = -0.2", "on_demand_hour", "nobody is paid"),
        ("on_demand_hour = 0.2", "on_demand_hour = 194.0", "on_demand_hour", "absurdly much"),
        ("on_demand_hour = 0.2", "on_demand_hour = 0.0002", "on_demand_hour", "absurdly little"),
        ("on_demand_hour = 0.2", "on_demand_hour = nan", "on_demand_hour", "no price"),
        ("spot_hour = 0.05", "spot_hour = 0.3", "spot_hour", "absurdly much"),
        ("spot_hour = 0.05", "spot_hour = 0.0", "spot_hour", "absurdly little"),
        ("vcpus = 4", "vcpus = 0", "vcpus", "1 to 1024"),
        ("memory_gib = 16", "memory_gib = -1", "memory_gib", "is -1"),
        ("from = \"2024-01-01\"", "from = \"soon\"", "from", "no day"),
        ("from = \"2024-01-01\"", "from = \"1024-01-01\"", "from", "between 2000 and 2100"),
        ("from = \"2026-06-01\"", "from = \"2024-01-01\"", "from", "overlap"),
        ("from = \"2024-01-01\"", "from = \"2024-01-01\"\nuntil = \"2026-07-01\"", "until", "overlap"),
        ("from = \"2024-01-01\"", "from = \"2024-01-01\"\nuntil = \"2026-05-01\"", "until", "no price is in force"),
        ("from = \"2026-06-01\"", "from = \"2026-06-01\"\nuntil = \"2027-01-01\"", "until", "no price would be in force"),
        ("source = \"s\"", "source = \" \"", "source", "empty"),
        ("vcpu_hour = 0.01", "vcpu_hour = -0.01", "vcpu_hour", "nobody is paid"),
        ("gib_month = 0.073", "gib_month = 73.0", "gib_month", "absurdly much"),
        ("checked = \"2026-11-23\"", "checked = \"yesterday\"", "checked", "no day"),
    ] {
        let (row, found, problem) = refused(old, new);
        assert_eq!(found, field, "{new}: {problem}");
        assert!(problem.contains(why), "{new}: {problem}");
        assert!(!row.is_empty());
    }
    assert!(refused("spot_hour = 0.05", "spot_hour = 0.3").0.contains("machine 1 (r, m)"));
}

#[test]
fn what_is_of_another_kind_is_named_with_its_line_row_and_field() {
    let wrong = |old: &str, new: &str| parse(&small().replacen(old, new, 1)).unwrap_err().to_string();
    for (old, new, said) in [
        ("on_demand_hour = 0.2", "on_demand_hour = \"0.2\"", "at line 8: machine 1 (r, m): `on_demand_hour` is \"0.2\": a number was expected"),
        ("vcpus = 4", "vcpus = -4", "at line 6: machine 1 (r, m): `vcpus` is -4: a whole number, 0 or more, was expected"),
        ("vcpu_hour = 0.01", "vcpu_hour = true", "dataproc 1 (*): `vcpu_hour` is true: a number was expected"),
        ("region = \"*\"\n", "", "dataproc 1: `region` is missing"),
        ("checked = \"2026-11-23\"", "checked = 2026", "at line 1: `checked` is 2026: a text in quotes was expected"),
    ] {
        let text = wrong(old, new);
        assert!(text.ends_with(said), "{text}\nand not\n{said}");
    }
    let disk = wrong("gib_month = 0.073", "gib_month = -1");
    assert!(!disk.contains("machine") && disk.contains("0 or more"), "{disk}");
}

#[test]
fn what_is_missing_or_unknown_is_named_with_its_line() {
    let wrong = |old: &str, new: &str| parse(&small().replacen(old, new, 1)).unwrap_err().to_string();
    let missing = wrong("spot_hour = 0.05\n", "");
    assert!(missing.contains("spot_hour") && missing.contains("at line"), "{missing}");
    let unknown = wrong("spot_hour", "spot_hor");
    assert!(unknown.contains("unknown field `spot_hor`"), "{unknown}");
    assert!(wrong("[[dataproc]]", "[[datapro]]").contains("datapro"));
    assert!(parse("checked = \"2026-11-23\"\n").unwrap_err().to_string().contains("`machine` is missing"));
    let head = small().split("[[dataproc]]").next().unwrap().to_owned();
    assert!(parse(&head).unwrap_err().to_string().contains("`dataproc` is missing"));
}
