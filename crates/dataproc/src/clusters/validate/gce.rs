//! Fields of Google Cloud that have no meaning here, by Google's rules all the same: a configuration that passes here must
//! not be refused there for its spelling.

use caddis_googleapis::dataproc::{ClusterConfig, EncryptionConfig, GceClusterConfig};

use crate::place::Place;
use crate::regions;
use crate::wire::Status;
use crate::wrong::Wrong;

/// Network tags of one machine, at most.
const TAGS: usize = 64;

/// Adds what is malformed.
pub(super) fn config(config: &ClusterConfig, wrong: &mut Wrong) {
    if let Some(encryption) = &config.encryption_config {
        keys(encryption, wrong);
    }
    if let Some(gce) = &config.gce_cluster_config {
        self::gce(gce, wrong);
    }
    for (index, action) in config.initialization_actions.iter().enumerate() {
        let short = action.execution_timeout.as_ref().is_some_and(|time| (time.seconds, time.nanos) <= (0, 0));
        if short {
            let field = format!("cluster.config.initialization_actions[{index}].execution_timeout");
            wrong.add(field, "must be longer than 0 seconds");
        }
    }
}

fn keys(encryption: &EncryptionConfig, wrong: &mut Wrong) {
    for (field, name) in [("gce_pd_kms_key_name", &encryption.gce_pd_kms_key_name), ("kms_key", &encryption.kms_key)] {
        if !name.is_empty() && !kms_key(name) {
            let what = format!("`{name}` is not of the form projects/*/locations/*/keyRings/*/cryptoKeys/*");
            wrong.add(format!("cluster.config.encryption_config.{field}"), what);
        }
    }
}

fn gce(gce: &GceClusterConfig, wrong: &mut Wrong) {
    let at = |field: &str| format!("cluster.config.gce_cluster_config.{field}");
    let forms = |word: &str, path: &str| {
        format!("is not a {word}: neither a short name nor of the form projects/*/{path}, alone or behind https://www.googleapis.com/compute/v1/")
    };
    for (field, uri, kind, what) in [
        ("zone_uri", &gce.zone_uri, Kind::Zone, forms("zone", "zones/*")),
        ("network_uri", &gce.network_uri, Kind::Network, forms("network", "global/networks/*")),
        ("subnetwork_uri", &gce.subnetwork_uri, Kind::Subnetwork, forms("subnetwork", "regions/*/subnetworks/*")),
    ] {
        if !uri.is_empty() && resource(uri, kind).is_none() {
            wrong.add(at(field), format!("`{uri}` {what}"));
        }
    }
    if !gce.network_uri.is_empty() && !gce.subnetwork_uri.is_empty() {
        wrong.add(at("subnetwork_uri"), "a network and a subnetwork exclude each other");
    }
    if !gce.service_account.is_empty() && !service_account(&gce.service_account) {
        let what = format!("`{}` is not the e-mail address of a service account, such as `name@project.iam.gserviceaccount.com`", gce.service_account);
        wrong.add(at("service_account"), what);
    }
    if gce.tags.len() > TAGS {
        wrong.add(at("tags"), format!("{} tags are more than {TAGS}", gce.tags.len()));
    }
    for (index, tag) in gce.tags.iter().enumerate().filter(|(_, tag)| !rfc1035(tag)) {
        let what = format!("`{tag}` must match '(?:[a-z](?:[-a-z0-9]{{0,61}}[a-z0-9])?)'");
        wrong.add(at(&format!("tags[{index}]")), what);
    }
}

/// Refuses a zone or a subnetwork that is not in the cluster's region.
pub(in crate::clusters) fn inside(place: &Place, config: &ClusterConfig) -> Result<(), Status> {
    let Some(gce) = &config.gce_cluster_config else { return Ok(()) };
    let mut wrong = Wrong::default();
    let at = |field: &str| format!("cluster.config.gce_cluster_config.{field}");
    let zone = gce.zone_uri.rsplit('/').next().unwrap_or_default();
    match regions::of_zone(zone) {
        _ if zone.is_empty() => {}
        Some(region) if place.region == regions::GLOBAL && regions::is_known(region) => {}
        Some(region) if region == place.region => {}
        Some(_) if place.region == regions::GLOBAL => wrong.add(at("zone_uri"), format!("`{zone}` is not in a region of Google's")),
        Some(_) => wrong.add(at("zone_uri"), format!("`{zone}` is not in the region `{}`", place.region)),
        None => wrong.add(at("zone_uri"), format!("`{zone}` is not a zone: those are named as their region and a letter, such as `us-central1-a`")),
    }
    let subnetwork = resource(&gce.subnetwork_uri, Kind::Subnetwork);
    if let Some((Some(region), name)) = subnetwork.filter(|(region, _)| region.is_some_and(|region| region != place.region)) {
        let what = format!("the subnetwork `{name}` is in the region `{region}`, the cluster in `{}`", place.region);
        wrong.add(at("subnetwork_uri"), what);
    }
    wrong.done()
}

/// What of Compute Engine a URI names.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Zone,
    Network,
    Subnetwork,
}

/// The region, where it is said, and the name of what a short name, a partial or a full URI speaks of.
fn resource(uri: &str, kind: Kind) -> Option<(Option<&str>, &str)> {
    let path = match uri.split_once("://") {
        None => uri,
        Some((scheme, rest)) => {
            let mut parts = rest.splitn(4, '/');
            let [host, api, version] = [parts.next()?, parts.next()?, parts.next()?];
            let google = matches!(host, "www.googleapis.com" | "compute.googleapis.com");
            let known = scheme == "https" && google && api == "compute" && matches!(version, "v1" | "beta" | "alpha");
            parts.next().filter(|path| known && path.contains('/'))?
        }
    };
    let parts: Vec<&str> = path.split('/').collect();
    let below = match parts.as_slice() {
        ["projects", project, below @ ..] if project_id(project) && below.len() > 1 => below,
        below => below,
    };
    let (region, name) = match (kind, below) {
        (_, [name]) => (None, *name),
        (Kind::Zone, ["zones", name]) | (Kind::Network, ["global", "networks", name]) => (None, *name),
        (Kind::Subnetwork, ["regions", region, "subnetworks", name]) if rfc1035(region) => (Some(*region), *name),
        _ => return None,
    };
    rfc1035(name).then_some((region, name))
}

/// A lowercase letter, then at most 62 lowercase letters, digits and hyphens, the last of them no hyphen.
fn rfc1035(name: &str) -> bool {
    name.len() <= 63
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

/// Ids of projects, those of a domain (`example.com:name`) among them, or their numbers.
fn project_id(project: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.:".contains(c);
    !project.is_empty() && project.chars().all(allowed)
}

fn kms_key(name: &str) -> bool {
    let word = |text: &str| {
        (1..=63).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    match name.split('/').collect::<Vec<_>>().as_slice() {
        ["projects", project, "locations", location, "keyRings", ring, "cryptoKeys", key] => {
            project_id(project) && rfc1035(location) && word(ring) && word(key)
        }
        _ => false,
    }
}

fn service_account(address: &str) -> bool {
    let word = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c))
    };
    let (name, domain) = address.split_once('@').unwrap_or_default();
    let name_is_good = word(name) || name.split_once(':').is_some_and(|(scope, name)| word(scope) && word(name));
    name_is_good && word(domain) && domain.ends_with(".gserviceaccount.com")
}

#[cfg(test)]
mod tests;
