//! Google's regions (docs.cloud.google.com/compute/docs/regions-zones, 2026-11), and how regions and zones are spelled.
//!
//! The authority's certificates need the list, since each region has a Dataproc host of its own. A new cluster must be in
//! one of these: in another one no client that asks by the host's name would ever reach it.

/// All of them but `global`, whose host has no prefix.
pub const REGIONS: [&str; 43] = [
    "africa-south1", "asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3",
    "asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2", "asia-southeast3", "australia-southeast1",
    "australia-southeast2", "europe-central2", "europe-north1", "europe-north2", "europe-southwest1", "europe-west1",
    "europe-west2", "europe-west3", "europe-west4", "europe-west6", "europe-west8", "europe-west9", "europe-west10",
    "europe-west12", "me-central1", "me-central2", "me-west1", "northamerica-northeast1", "northamerica-northeast2",
    "northamerica-south1", "southamerica-east1", "southamerica-west1", "us-central1", "us-east1", "us-east4", "us-east5",
    "us-south1", "us-west1", "us-west2", "us-west3", "us-west4",
];
/// The region that is all of them.
pub(crate) const GLOBAL: &str = "global";

/// Whether Google has it.
pub(crate) fn is_known(region: &str) -> bool {
    region == GLOBAL || REGIONS.contains(&region)
}

/// Whether it is spelled as regions are: words with hyphens in between, and a number behind the last one.
pub(crate) fn is_spelled_well(region: &str) -> bool {
    let words = region.trim_end_matches(|c: char| c.is_ascii_digit());
    let good = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase());
    region == GLOBAL || (words != region && words.contains('-') && words.split('-').all(good))
}

/// The region of a zone; nothing when it is spelled as none: `us-central1-a`, and `us-central1-ai1a` for accelerators.
pub(crate) fn of_zone(zone: &str) -> Option<&str> {
    let (region, within) = zone.rsplit_once('-')?;
    let letter = |text: &str| text.len() == 1 && text.chars().all(|c| c.is_ascii_lowercase());
    let accelerated = |text: &str| {
        let numbered = text.strip_prefix("ai").unwrap_or_default();
        numbered.starts_with(|c: char| c.is_ascii_digit()) && letter(numbered.trim_start_matches(|c: char| c.is_ascii_digit()))
    };
    (region != GLOBAL && is_spelled_well(region) && (letter(within) || accelerated(within))).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_and_zones_are_spelled_as_googles() {
        for region in REGIONS {
            assert!(is_spelled_well(region) && is_known(region), "{region}");
            for zone in ["a", "z", "ai1a", "ai12b"] {
                assert_eq!(of_zone(&format!("{region}-{zone}")), Some(region));
            }
            for bad in ["", "zz", "A", "1", "ai", "aia", "ai1", "ai1ab", "a1"] {
                assert_eq!(of_zone(&format!("{region}-{bad}")), None, "{bad}");
            }
        }
        assert!(is_spelled_well("global") && is_known("global") && of_zone("global-a").is_none());
        assert!(is_spelled_well("mars-west9") && !is_known("mars-west9"));
        for bad in ["", "r", "us", "us1", "us-central", "-central1", "us-1", "us--central1", "us-central1a", "us-central1-a", "US-central1", "us-2central1"] {
            assert!(!is_spelled_well(bad), "{bad}");
        }
    }
}
