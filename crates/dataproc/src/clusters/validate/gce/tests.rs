use caddis_googleapis::dataproc::NodeInitializationAction;

use super::*;

const KEY: &str = "projects/p/locations/us-central1/keyRings/ring/cryptoKeys/key_1";

/// The fields that are wrong.
fn refused(asked: ClusterConfig) -> Vec<String> {
    let mut wrong = Wrong::default();
    config(&asked, &mut wrong);
    let refused = wrong.done().err();
    refused.map_or_else(Vec::new, |status| status.violations().into_iter().map(|(field, _)| field).collect())
}

fn gce_with(change: impl FnOnce(&mut GceClusterConfig)) -> ClusterConfig {
    let mut gce = GceClusterConfig::default();
    change(&mut gce);
    ClusterConfig { gce_cluster_config: Some(gce), ..ClusterConfig::default() }
}

/// Each is taken, or refused with exactly this field.
#[track_caller]
fn table<'t>(field: &str, good: &[&'t str], bad: &[&'t str], asked: impl Fn(&'t str) -> ClusterConfig) {
    for value in good {
        assert_eq!(refused(asked(value)), Vec::<String>::new(), "{value}");
    }
    for value in bad {
        assert_eq!(refused(asked(value)), [format!("cluster.config.{field}")], "{value}");
    }
}

#[test]
fn keys_are_named_in_full() {
    let good = ["", KEY, "projects/example.com:p/locations/global/keyRings/a/cryptoKeys/b"];
    let versions = format!("{KEY}/cryptoKeyVersions/1");
    let bad = ["key", "projects/p/keyRings/r/cryptoKeys/k", versions.as_str(), "projects//locations/l/keyRings/r/cryptoKeys/k", "projects/p/locations/l/keyRings/r r/cryptoKeys/k"];
    let with = |encryption| ClusterConfig { encryption_config: Some(encryption), ..ClusterConfig::default() };
    table("encryption_config.gce_pd_kms_key_name", &good, &bad, |name| {
        with(EncryptionConfig { gce_pd_kms_key_name: name.to_owned(), ..EncryptionConfig::default() })
    });
    table("encryption_config.kms_key", &good, &bad, |name| {
        with(EncryptionConfig { kms_key: name.to_owned(), ..EncryptionConfig::default() })
    });
}

#[test]
fn networks_subnetworks_and_zones_have_short_partial_and_full_names() {
    let full = "https://www.googleapis.com/compute/v1";
    for (field, path, other) in [
        ("zone_uri", "zones/us-central1-a", "regions/us-central1"),
        ("network_uri", "global/networks/default", "regions/r/subnetworks/default"),
        ("subnetwork_uri", "regions/us-central1/subnetworks/default", "global/networks/default"),
    ] {
        let of = |path: &str| [format!("projects/p/{path}"), format!("{full}/projects/p/{path}")];
        let [good, bad] = [of(path), of(other)];
        let short = path.rsplit('/').next().unwrap();
        let more = [format!("http://www.googleapis.com/compute/v1/projects/p/{path}"), format!("https://example.com/compute/v1/projects/p/{path}"), format!("{full}/{short}"), format!("projects/P/{path}")];
        table(
            &format!("gce_cluster_config.{field}"),
            &["", short, path, &good[0], &good[1]],
            &["Default", "a_b", "-a", "a-", other, &bad[0], &bad[1], &more[0], &more[1], &more[2], &more[3]],
            |uri| {
                gce_with(|gce| match field {
                    "zone_uri" => gce.zone_uri = uri.to_owned(),
                    "network_uri" => gce.network_uri = uri.to_owned(),
                    _ => gce.subnetwork_uri = uri.to_owned(),
                })
            },
        );
    }
    let both = gce_with(|gce| (gce.network_uri, gce.subnetwork_uri) = ("default".to_owned(), "default".to_owned()));
    assert_eq!(refused(both), ["cluster.config.gce_cluster_config.subnetwork_uri"]);
}

#[test]
fn zones_and_subnetworks_are_in_the_clusters_region() {
    let place = |region| Place::new("p", region).unwrap();
    let zone = |zone: &str| gce_with(|gce| gce.zone_uri = zone.to_owned());
    let subnetwork = |uri: &str| gce_with(|gce| gce.subnetwork_uri = uri.to_owned());
    for good in [zone("us-central1-a"), zone("projects/p/zones/us-central1-b"), zone(""), subnetwork("default"), subnetwork("projects/p/regions/us-central1/subnetworks/a")] {
        assert_eq!(inside(&place("us-central1"), &good), Ok(()));
    }
    assert_eq!(inside(&place("global"), &zone("us-central1-a")), Ok(()));
    for bad in ["mars-west9-a", "us-central1-zz", "nowhere"] {
        assert!(inside(&place("global"), &zone(bad)).is_err(), "{bad}");
    }
    for (bad, field) in [
        (zone("europe-west1-b"), "zone_uri"),
        (zone("us-central10-a"), "zone_uri"),
        (zone("us-central1-zz"), "zone_uri"),
        (zone("projects/p/zones/us-central1-1"), "zone_uri"),
        (zone("us-central1"), "zone_uri"),
        (subnetwork("projects/p/regions/europe-west1/subnetworks/a"), "subnetwork_uri"),
    ] {
        let violations = inside(&place("us-central1"), &bad).unwrap_err().violations();
        assert_eq!(violations[0].0, format!("cluster.config.gce_cluster_config.{field}"));
    }
}

#[test]
fn service_accounts_tags_and_times() {
    let good = ["", "etl@p.iam.gserviceaccount.com", "123-compute@developer.gserviceaccount.com", "p@appspot.gserviceaccount.com", "a@p.example.com.iam.gserviceaccount.com"];
    let bad = ["etl", "ann@example.com", "@p.iam.gserviceaccount.com", "etl@gserviceaccount.com", "a b@p.iam.gserviceaccount.com", "a@b@p.iam.gserviceaccount.com"];
    table("gce_cluster_config.service_account", &good, &bad, |address| gce_with(|gce| gce.service_account = address.to_owned()));
    let long = "a".repeat(64);
    table("gce_cluster_config.tags[0]", &["a", "no-external-ip", &long[1..]], &["", "A", "1a", "a-", "a_b", &long], |tag| {
        gce_with(|gce| gce.tags = vec![tag.to_owned()])
    });
    assert_eq!(refused(gce_with(|gce| gce.tags = vec!["a".to_owned(); 65])), ["cluster.config.gce_cluster_config.tags"]);
    let timeout = |seconds, nanos| {
        let execution_timeout = Some(prost_types::Duration { seconds, nanos });
        let action = NodeInitializationAction { executable_file: "gs://b/o".to_owned(), execution_timeout };
        ClusterConfig { initialization_actions: vec![action], ..ClusterConfig::default() }
    };
    for (seconds, nanos, good) in [(1, 0, true), (0, 1, true), (0, 0, false), (-1, 0, false), (-1, 5, false)] {
        assert_eq!(refused(timeout(seconds, nanos)).is_empty(), good, "{seconds} {nanos}");
    }
    assert_eq!(refused(timeout(0, 0)), ["cluster.config.initialization_actions[0].execution_timeout"]);
}
