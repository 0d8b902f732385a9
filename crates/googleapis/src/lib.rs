//! Google's published protos: messages as Rust types, and descriptors for everything that is not known while compiling.
//!
//! What this room is for: the vocabulary of the Dataproc face. The files under `proto/` are Google's own (Apache-2.0,
//! see `proto/LICENSE`), taken from the packages that `proto/README.md` names and refreshed with `cargo xtask protos`;
//! they are compiled by `build.rs`, which needs neither `protoc` nor the network. Deliberately absent: behaviour.
//!
//! What always holds: [`pool`] knows every message, service and `google.api.http` rule in these files, as written.

use std::sync::LazyLock;

use prost_reflect::DescriptorPool;

#[expect(missing_docs, reason = "generated; the protos carry the documentation")]
#[expect(clippy::large_enum_variant, reason = "generated; Google chose the sizes")]
mod messages {
    include!(concat!(env!("OUT_DIR"), "/messages.rs"));
}

pub use messages::google;
pub use messages::google::cloud::dataproc::v1 as dataproc;
pub use messages::google::iam::v1 as iam;
pub use messages::google::longrunning;
pub use messages::google::rpc;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let encoded: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
    DescriptorPool::decode(encoded).expect("`build.rs` wrote these descriptors")
});

/// Descriptors of all messages and services, with their options.
pub fn pool() -> &'static DescriptorPool {
    &POOL
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_of_the_served_services_has_its_http_rule() {
        let http = pool().get_extension_by_name("google.api.http").unwrap();
        let served = ["ClusterController", "JobController", "AutoscalingPolicyService", "WorkflowTemplateService"];
        for service in served {
            let service = pool().get_service_by_name(&format!("google.cloud.dataproc.v1.{service}")).unwrap();
            for method in service.methods() {
                assert!(method.options().has_extension(&http), "{}", method.full_name());
            }
        }
    }

    #[test]
    fn types_and_descriptors_speak_of_the_same_messages() {
        use prost::Name;
        for name in [dataproc::Cluster::full_name(), dataproc::Job::full_name(), longrunning::Operation::full_name()] {
            assert!(pool().get_message_by_name(&name).is_some(), "{name}");
        }
    }
}
