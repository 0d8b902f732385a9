//! Sizes of memory as people write them: `14GB`, `2GiB`, `512m`. Bare letters are binary, as in Dask.

use thiserror::Error;

/// One gibibyte.
pub const GIB: u64 = 1 << 30;
/// One mebibyte.
pub const MIB: u64 = 1 << 20;

/// A text that is not a size.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is not a size of memory\nhint: write a number with a unit, such as `14GB`, `2GiB` or `512MiB`")]
pub struct BytesError(pub String);

/// Parses `14GB` (10^9), `2GiB` (2^30), `512M` (2^20); a bare number is bytes.
pub fn parse(text: &str) -> Result<u64, BytesError> {
    let error = || BytesError(text.to_owned());
    let lower = text.trim().to_ascii_lowercase();
    let split = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let number: f64 = lower[..split].parse().map_err(|_| error())?;
    let factor: u64 = match lower[split..].trim() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "k" | "kib" => 1 << 10,
        "m" | "mib" => MIB,
        "g" | "gib" => GIB,
        "t" | "tib" => 1 << 40,
        _ => return Err(error()),
    };
    let bytes = number * factor as f64;
    if bytes.is_finite() && (1.0..9e18).contains(&bytes) { Ok(bytes as u64) } else { Err(error()) }
}

/// `1.5 GiB`, `512 MiB`, `640 KiB`, `12 B`.
pub fn display(bytes: u64) -> String {
    let (unit, size) = match bytes {
        b if b >= GIB => ("GiB", GIB),
        b if b >= MIB => ("MiB", MIB),
        b if b >= 1 << 10 => ("KiB", 1 << 10),
        b => return format!("{b} B"),
    };
    let value = bytes as f64 / size as f64;
    if value >= 100.0 || value.fract() < 0.05 { format!("{value:.0} {unit}") } else { format!("{value:.1} {unit}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_sizes() {
        assert_eq!(parse("14GB"), Ok(14_000_000_000));
        assert_eq!(parse("2GiB"), Ok(2 * GIB));
        assert_eq!(parse("0.5g"), Ok(GIB / 2));
        for bad in ["", "lots", "-1GB", "0", "3XB", "1e99GB"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_for_people() {
        assert_eq!(display(14_000_000_000), "13 GiB");
        assert_eq!(display(GIB * 3 / 2), "1.5 GiB");
        assert_eq!(display(7), "7 B");
    }
}
