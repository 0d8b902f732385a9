//! What is a valid message as bytes, and still nothing that JSON could say: times and spans out of their range. Kept,
//! they could never be answered again.

use bytes::Bytes;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage, Value};

use super::{Code, Status};

/// The years 1 to 9999.
const TIMES: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// 10,000 years.
const SPAN: u64 = 315_576_000_000;

/// Refuses a request that holds one.
pub(super) fn check(descriptor: MessageDescriptor, request: &Bytes) -> Result<(), Status> {
    let message = DynamicMessage::decode(descriptor, request.clone())
        .map_err(|error| Status::new(Code::InvalidArgument, format!("the request is not a valid message: {error}")))?;
    match fields(&message) {
        None => Ok(()),
        Some(path) => Err(Status::field(&path, "is out of the range of times or spans")),
    }
}

/// The path of the first field that is out of its range.
fn fields(message: &DynamicMessage) -> Option<String> {
    message.fields().find_map(|(field, found)| {
        let name = field.name();
        let below = |rest: String| if rest.is_empty() { name.to_owned() } else { format!("{name}.{rest}") };
        match found {
            Value::Message(inner) => value(inner).map(below),
            Value::List(list) => list.iter().filter_map(Value::as_message).find_map(value).map(below),
            Value::Map(map) => map.values().filter_map(Value::as_message).find_map(value).map(below),
            _ => None,
        }
    })
}

fn value(message: &DynamicMessage) -> Option<String> {
    let number = |name: &str| match message.get_field_by_name(name).as_deref() {
        Some(Value::I64(number)) => *number,
        Some(Value::I32(number)) => i64::from(*number),
        _ => 0,
    };
    let good = match message.descriptor().full_name() {
        "google.protobuf.Timestamp" => TIMES.contains(&number("seconds")) && (0..1_000_000_000).contains(&number("nanos")),
        "google.protobuf.Duration" => {
            let (seconds, nanos) = (number("seconds"), number("nanos"));
            let one_sign = seconds == 0 || nanos == 0 || seconds.signum() == nanos.signum();
            seconds.unsigned_abs() <= SPAN && nanos.unsigned_abs() < 1_000_000_000 && one_sign
        }
        _ => return fields(message),
    };
    (!good).then(String::new)
}

#[cfg(test)]
mod tests {
    use caddis_googleapis::dataproc::lifecycle_config::Ttl;
    use caddis_googleapis::dataproc::{Cluster, ClusterConfig, CreateClusterRequest, LifecycleConfig};
    use prost::Message;
    use prost_types::{Duration, Timestamp};

    use super::*;

    fn checked(idle: Duration, at: Timestamp) -> Result<(), String> {
        let lifecycle = LifecycleConfig {
            idle_delete_ttl: Some(idle),
            ttl: Some(Ttl::AutoDeleteTime(at)),
            ..LifecycleConfig::default()
        };
        let config = ClusterConfig { lifecycle_config: Some(lifecycle), ..ClusterConfig::default() };
        let request = CreateClusterRequest {
            cluster: Some(Cluster { config: Some(config), ..Cluster::default() }),
            ..CreateClusterRequest::default()
        };
        let descriptor = crate::raw::descriptor("google.cloud.dataproc.v1.CreateClusterRequest");
        check(descriptor, &request.encode_to_vec().into()).map_err(|status| status.message)
    }

    #[test]
    fn what_json_cannot_say_is_refused_with_its_field() {
        let (idle, at) = (Duration { seconds: 600, nanos: 0 }, Timestamp { seconds: 1_900_000_000, nanos: 1 });
        assert_eq!(checked(idle, at), Ok(()));
        for (seconds, nanos) in [(i64::MAX, 0), (i64::MIN, 0), (1, -1), (0, i32::MAX)] {
            assert!(checked(Duration { seconds, nanos }, at).unwrap_err().contains("cluster.config.lifecycle_config.idle_delete_ttl"));
        }
        for (seconds, nanos) in [(i64::MAX, 0), (i64::MIN, 0), (0, -1), (0, i32::MAX)] {
            assert!(checked(idle, Timestamp { seconds, nanos }).unwrap_err().contains("lifecycle_config.auto_delete_time"));
        }
    }
}
