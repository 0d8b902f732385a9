//! A face over a folder, and requests to it.

use std::sync::{Arc, Mutex, PoisonError};

use caddis_gcs::{Credentials, Service, Store};
use caddis_types::Timestamp;
use http::{HeaderMap, Request};
use http_body_util::{BodyExt, Full};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Runtime;

pub(crate) const NOW: Timestamp = Timestamp(1_795_471_999_123_000);
pub(crate) const SECRET: &str = "s3cret";

struct Known;

impl Credentials for Known {
    fn owner(&self, token: &str) -> Option<String> {
        token.strip_prefix("token-of-").map(str::to_owned)
    }

    fn owner_of_secret(&self, secret: &str) -> Option<String> {
        (secret == SECRET).then(|| "ann".to_owned())
    }
}

pub(crate) struct Rig {
    runtime: Runtime,
    service: Service,
    pub(crate) store: Store,
    pub(crate) folder: TempDir,
}

#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Fails, with all it said, unless it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Said {
        assert_eq!(self.status, status, "{:?} {}", self.headers, String::from_utf8_lossy(&self.body));
        self
    }

    /// Fails unless it is Google's error body with this code and reason.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, reason: &str) -> Value {
        let said = self.expect(status).json();
        assert_eq!((said["error"]["code"].as_u64(), &said["error"]["errors"][0]["reason"]), (Some(status.into()), &reason.into()), "{said}");
        assert_eq!(said["error"]["message"], said["error"]["errors"][0]["message"]);
        said
    }
}

impl Rig {
    /// A face with Ann's bucket `team-data`.
    pub(crate) fn new() -> Rig {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("storage")).expect("a store");
        let clock = Arc::new(Mutex::new(NOW.0));
        let now = move || {
            let mut now = clock.lock().unwrap_or_else(PoisonError::into_inner);
            *now += 1000;
            Timestamp(*now)
        };
        let service = Service::new(store.clone(), Arc::new(Known), Arc::new(now));
        let rig = Rig { runtime, service, store, folder };
        rig.post("/storage/v1/b?project=p", r#"{"name": "team-data"}"#).expect(200);
        rig
    }

    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Said {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost:443");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(bytes::Bytes::copy_from_slice(body))).expect("a request");
        self.runtime.block_on(async {
            let (head, body) = self.service.answer(request).await.into_parts();
            let body = body.collect().await.expect("a whole answer").to_bytes().to_vec();
            Said { status: head.status.as_u16(), headers: head.headers, body }
        })
    }

    /// As Ann.
    pub(crate) fn ann(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Said {
        let all: Vec<(&str, &str)> = headers.iter().copied().chain([("authorization", "Bearer token-of-ann")]).collect();
        self.send(method, path, &all, body)
    }

    pub(crate) fn get(&self, path: &str) -> Said {
        self.ann("GET", path, &[], b"")
    }

    pub(crate) fn post(&self, path: &str, body: &str) -> Said {
        self.ann("POST", path, &[("content-type", "application/json")], body.as_bytes())
    }

    /// Uploads an object in one request; answers its resource.
    #[track_caller]
    pub(crate) fn put(&self, name: &str, bytes: &[u8]) -> Value {
        let name = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        let path = format!("/upload/storage/v1/b/team-data/o?uploadType=media&name={name}");
        self.ann("POST", &path, &[("content-type", "text/plain")], bytes).expect(200).json()
    }
}
