//! Buckets: made, found, changed, removed.

use std::fs;
use std::io;
use std::sync::Arc;

use caddis_types::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::room::{self, Room};
use super::{Conditions, Store, StoreError, lifecycle, names};

/// A bucket's record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its name, which no other bucket has, whoever's it is.
    pub name: String,
    /// Whose it is.
    pub owner: String,
    /// The project that it was made in.
    pub project: String,
    /// How often its metadata was changed, from 1 on.
    pub metageneration: i64,
    /// When it was made.
    pub created: Timestamp,
    /// When its metadata was changed.
    pub updated: Timestamp,
    /// Whether we made it for staging: what is in it does not stay.
    pub staging: bool,
    /// What its owner said of it, as the API writes it.
    pub resource: Map<String, Value>,
}

impl Bucket {
    /// A bucket that is new at this time.
    pub fn new(owner: &str, project: &str, name: &str, now: Timestamp) -> Bucket {
        Bucket {
            name: name.to_owned(),
            owner: owner.to_owned(),
            project: project.to_owned(),
            metageneration: 1,
            created: now,
            updated: now,
            staging: false,
            resource: Map::new(),
        }
    }
}

/// What only we write.
const OURS: [&str; 14] = [
    "kind", "id", "name", "selfLink", "projectNumber", "timeCreated", "updated", "metageneration", "etag", "locationType",
    "generation", "owner", "acl", "defaultObjectAcl",
];

/// A resource laid over another: a null removes, objects are merged.
pub(crate) fn merged(kept: &Map<String, Value>, given: &Map<String, Value>) -> Map<String, Value> {
    let mut now = kept.clone();
    for (name, value) in given.iter().filter(|(name, _)| !OURS.contains(&name.as_str())) {
        match (value, now.get_mut(name)) {
            (Value::Null, _) => drop(now.remove(name)),
            (Value::Object(given), Some(Value::Object(kept))) if name == "labels" => {
                kept.extend(given.clone());
                kept.retain(|_, value| !value.is_null());
            }
            _ => drop(now.insert(name.clone(), value.clone())),
        }
    }
    now
}

/// Refuses what this store would not do though it was asked to.
pub(crate) fn check(resource: &Map<String, Value>) -> Result<(), StoreError> {
    for (name, kind) in [("location", "a text"), ("storageClass", "a text"), ("rpo", "a text")] {
        if resource.get(name).is_some_and(|value| !value.is_string()) {
            return Err(StoreError::invalid(name, format!("it must be {kind}")));
        }
    }
    let asked = |name: &str, key: &str| resource.get(name).is_some_and(|value| value[key] == true);
    for (name, key) in [("versioning", "enabled"), ("hierarchicalNamespace", "enabled"), ("autoclass", "enabled")] {
        if asked(name, key) {
            return Err(StoreError::invalid(name, "it is not served here; leave it out"));
        }
    }
    if resource.contains_key("retentionPolicy") || resource.contains_key("objectRetention") {
        return Err(StoreError::invalid("retentionPolicy", "retention is not served here; use holds on objects"));
    }
    let texts = |value: &Value| value.as_object().is_some_and(|map| map.values().all(Value::is_string));
    if resource.get("labels").is_some_and(|labels| !texts(labels)) {
        return Err(StoreError::invalid("labels", "names and texts"));
    }
    lifecycle::rules(resource).map(drop)
}

impl Store {
    /// Makes a bucket; its name and what is said of it must be good.
    pub fn create_bucket(&self, bucket: Bucket) -> Result<Bucket, StoreError> {
        names::check_bucket(&bucket.name)?;
        check(&bucket.resource)?;
        let mut rooms = self.rooms_to_change();
        if rooms.contains_key(&bucket.name) {
            return Err(StoreError::BucketExists(bucket.name));
        }
        let (aside, folder) = (self.aside(bucket.created), self.bucket_folder(&bucket.name));
        let made = room::lay_out(&aside, &bucket).and_then(|()| Ok(fs::rename(&aside, &folder)?));
        if let Err(error) = made {
            let _ = fs::remove_dir_all(&aside);
            return Err(error);
        }
        super::disk::sync_parent(&folder)?;
        rooms.insert(bucket.name.clone(), Arc::new(Room::new(folder, bucket.clone())));
        Ok(bucket)
    }

    /// The bucket of this name; where there is none it is made, for staging. Another owner's is refused.
    pub fn ensure_bucket(&self, owner: &str, project: &str, name: &str, now: Timestamp) -> Result<Bucket, StoreError> {
        let found = match self.bucket(name) {
            Err(StoreError::NoBucket(_)) => {
                let made = self.create_bucket(Bucket { staging: true, ..Bucket::new(owner, project, name, now) });
                // Another call may have made it meanwhile.
                if let Err(StoreError::BucketExists(_)) = made { self.bucket(name)? } else { made? }
            }
            found => found?,
        };
        if found.owner == owner { Ok(found) } else { Err(StoreError::NoBucket(name.to_owned())) }
    }

    /// The bucket of this name.
    pub fn bucket(&self, name: &str) -> Result<Bucket, StoreError> {
        Ok(self.room(name)?.bucket())
    }

    /// All buckets by name, whoever's they are.
    pub fn buckets(&self) -> Vec<Bucket> {
        let rooms: Vec<Arc<Room>> = self.rooms().values().cloned().collect();
        rooms.iter().map(|room| room.bucket()).collect()
    }

    /// Lays what is given over what is said of a bucket, or puts it in its place.
    pub fn patch_bucket(
        &self,
        name: &str,
        given: &Map<String, Value>,
        whole: bool,
        conditions: &Conditions,
        now: Timestamp,
    ) -> Result<Bucket, StoreError> {
        let room = self.room(name)?;
        let mut open = room.open()?;
        let before = open.bucket().clone();
        conditions.check_bucket(before.metageneration, false)?;
        let nothing = Map::new();
        let mut resource = merged(if whole { &nothing } else { &before.resource }, given);
        if whole {
            for fixed in ["location", "storageClass"] {
                if let (None, Some(kept)) = (resource.get(fixed), before.resource.get(fixed)) {
                    resource.insert(fixed.to_owned(), kept.clone());
                }
            }
        }
        if resource.get("location") != before.resource.get("location") {
            return Err(StoreError::invalid("location", "a bucket's location cannot be changed"));
        }
        check(&resource)?;
        let bucket = Bucket { resource, metageneration: before.metageneration + 1, updated: now, ..before };
        open.set_bucket(bucket.clone())?;
        Ok(bucket)
    }

    /// Removes an empty bucket.
    pub fn delete_bucket(&self, name: &str, conditions: &Conditions, now: Timestamp) -> Result<(), StoreError> {
        let mut rooms = self.rooms_to_change();
        let room = rooms.get(name).cloned().ok_or_else(|| StoreError::NoBucket(name.to_owned()))?;
        let open = room.open()?;
        conditions.check_bucket(open.bucket().metageneration, false)?;
        let aside = self.aside(now);
        open.end(&aside)?;
        rooms.remove(name);
        match fs::remove_dir_all(&aside) {
            // What is left there is removed by the next start.
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::info!(bucket = name, error = %error, "the folder of a removed bucket could not be removed yet");
            }
            _ => {}
        }
        Ok(())
    }
}
