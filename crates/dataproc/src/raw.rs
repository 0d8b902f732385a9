//! Messages without forgetting: fields that are newer than our protos survive being kept, changed and answered.
//!
//! Two encoded messages one after the other are their merge, which is how defaults come under what was asked for, and
//! what only we know over it.

use bytes::{BufMut, Bytes, BytesMut};
use caddis_googleapis::pool;
use prost::Message;
use prost_reflect::{DynamicMessage, MessageDescriptor, ReflectMessage, Value};

use crate::wire::{Code, Status};

/// The descriptor of a message in the protos.
pub(crate) fn descriptor(name: &str) -> MessageDescriptor {
    pool().get_message_by_name(name).unwrap_or_else(|| panic!("the protos have no `{name}`"))
}

/// Reads a message by its name.
pub(crate) fn read(name: &str, encoded: Bytes) -> Result<DynamicMessage, Status> {
    DynamicMessage::decode(descriptor(name), encoded)
        .map_err(|error| Status::new(Code::InvalidArgument, format!("the request is not a valid message: {error}")))
}

/// Whether there is a field in it that the protos do not have.
pub(crate) fn newer(name: &str, encoded: &Bytes) -> Result<bool, Status> {
    Ok(is_newer(&read(name, encoded.clone())?))
}

fn is_newer(message: &DynamicMessage) -> bool {
    fn below(value: &Value) -> bool {
        match value {
            Value::Message(message) => is_newer(message),
            Value::List(all) => all.iter().any(below),
            Value::Map(all) => all.values().any(below),
            _ => false,
        }
    }
    message.unknown_fields().next().is_some() || message.fields().any(|(_, value)| below(value))
}

/// The encoded message in the field `field` of an encoded request of type `name`.
pub(crate) fn field(name: &str, request: &Bytes, field: &str) -> Result<Bytes, Status> {
    let request = read(name, request.clone())?;
    let value = request.get_field_by_name(field);
    let message = value.as_ref().and_then(|value| value.as_message());
    Ok(message.map(|message| Bytes::from(message.encode_to_vec())).unwrap_or_default())
}

/// What `over` says, and where it is silent what `under` says. Lists of both stay.
pub(crate) fn merge(under: &[u8], over: &[u8]) -> Bytes {
    let mut both = BytesMut::with_capacity(under.len() + over.len());
    both.put_slice(under);
    both.put_slice(over);
    both.freeze()
}

/// These encoded messages as the field of this number.
pub(crate) fn repeated(field: u32, all: &[Bytes]) -> Bytes {
    use prost::encoding::{WireType, encode_key, encode_varint};
    let mut list = BytesMut::with_capacity(all.iter().map(|one| one.len() + 8).sum());
    for one in all {
        encode_key(field, WireType::LengthDelimited, &mut list);
        encode_varint(one.len() as u64, &mut list);
        list.put_slice(one);
    }
    list.freeze()
}

/// Copies what is at `path` (`config.worker_config.num_instances`, in either spelling) from one message to another of
/// the same type; what is not set in `from` is cleared.
pub(crate) fn copy(path: &str, from: &DynamicMessage, to: &mut DynamicMessage) -> Result<(), String> {
    let (name, rest) = path.split_once('.').map_or((path, None), |(name, rest)| (name, Some(rest)));
    let descriptor = to.descriptor();
    let found = descriptor.get_field_by_name(name).or_else(|| descriptor.get_field_by_json_name(name));
    let field = found.ok_or_else(|| format!("there is no field `{name}` in `{}`", descriptor.full_name()))?;
    let Some(rest) = rest else {
        if from.has_field(&field) {
            to.set_field(&field, from.get_field(&field).into_owned());
        } else {
            to.clear_field(&field);
        }
        return Ok(());
    };
    if !from.has_field(&field) && !to.has_field(&field) {
        return Ok(());
    }
    // What is absent has nothing below it either, which clears what is there.
    let Value::Message(from) = from.get_field(&field).into_owned() else {
        return Err(format!("`{name}` has no fields"));
    };
    match to.get_field_mut(&field) {
        Value::Message(to) => copy(rest, &from, to),
        _ => Err(format!("`{name}` has no fields")),
    }
}

/// `under`, with what is at `paths` of `message` laid over it, encoded. Both are of the type `name`.
pub(crate) fn over(name: &str, message: &impl Message, under: &Bytes, paths: &[&str]) -> Result<Bytes, Status> {
    let from = read(name, message.encode_to_vec().into())?;
    let mut to = read(name, under.clone())?;
    for path in paths {
        copy(path, &from, &mut to).map_err(|what| Status::new(Code::Internal, what))?;
    }
    Ok(to.encode_to_vec().into())
}

/// A field mask's path in the protos' spelling.
pub(crate) fn snake(path: &str) -> String {
    let mut snake = String::with_capacity(path.len());
    for character in path.trim().chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use caddis_googleapis::dataproc::{AutoscalingConfig, Cluster, ClusterConfig};

    use super::*;

    const CLUSTER: &str = "google.cloud.dataproc.v1.Cluster";

    #[test]
    fn a_field_that_nobody_knows_yet_survives() {
        // Field 900, a varint: newer than the protos.
        let newer_field = [0xa0, 0x38, 0x07];
        let asked = merge(&Cluster { cluster_name: "c".to_owned(), ..Cluster::default() }.encode_to_vec(), &newer_field);
        let mut kept = read(CLUSTER, asked.clone()).unwrap();
        assert!(newer(CLUSTER, &asked).unwrap());
        let below = Cluster { config: Some(ClusterConfig::default()), ..Cluster::default() }.encode_to_vec();
        // The same within the configuration (field 3), which has two bytes of key and one of value.
        let below = merge(&below, &[&[0x1a, 0x03], newer_field.as_slice()].concat());
        assert!(newer(CLUSTER, &below).unwrap());
        assert!(!newer(CLUSTER, &Cluster { cluster_name: "c".to_owned(), ..Cluster::default() }.encode_to_vec().into()).unwrap());
        let labels = Cluster { labels: [("a".to_owned(), "b".to_owned())].into(), ..Cluster::default() };
        let labels = read(CLUSTER, labels.encode_to_vec().into()).unwrap();
        copy("labels", &labels, &mut kept).unwrap();
        let encoded = kept.encode_to_vec();
        assert!(encoded.windows(newer_field.len()).any(|window| window == newer_field));
        assert_eq!(Cluster::decode(encoded.as_slice()).unwrap().labels["a"], "b");
        assert!(copy("nonsense.x", &labels, &mut kept).is_err());
    }

    #[test]
    fn what_is_not_there_clears_what_is() {
        let policy = AutoscalingConfig { policy_uri: "p".to_owned() };
        let config = ClusterConfig { autoscaling_config: Some(policy), ..ClusterConfig::default() };
        let kept = Cluster { config: Some(config), ..Cluster::default() };
        let mut kept = read(CLUSTER, kept.encode_to_vec().into()).unwrap();
        let nothing = read(CLUSTER, Bytes::new()).unwrap();
        copy("config.autoscaling_config.policy_uri", &nothing, &mut kept).unwrap();
        let kept = Cluster::decode(kept.encode_to_vec().as_slice()).unwrap();
        assert_eq!(kept.config.unwrap().autoscaling_config.unwrap().policy_uri, "");
    }

    #[test]
    fn what_is_above_wins_and_what_is_below_fills() {
        let under = Cluster { cluster_name: "under".to_owned(), project_id: "p".to_owned(), ..Cluster::default() };
        let over = Cluster { cluster_name: "over".to_owned(), ..Cluster::default() };
        let both = Cluster::decode(merge(&under.encode_to_vec(), &over.encode_to_vec())).unwrap();
        assert_eq!((both.cluster_name.as_str(), both.project_id.as_str()), ("over", "p"));
    }
}
