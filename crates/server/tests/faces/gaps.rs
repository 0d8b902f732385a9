//! Events that retention has removed are not missed in silence.

use std::time::Duration;

use caddis_core::record::NewEvent;
use caddis_engine::ports::{Change, Store};
use caddis_types::Timestamp;

use crate::records::{NOW, job};
use crate::rig::{Rig, code};

#[tokio::test]
async fn a_reader_hears_of_events_that_are_not_kept_any_more() {
    let rig = Rig::start().await;
    let job = job(&rig.owner);
    let id = job.id.clone();
    let event = |at: i64| NewEvent::new(Timestamp(NOW.0 + at), id.as_str(), "job.x", "something");
    rig.put(Change { jobs: vec![job], events: (0..6).map(event).collect(), ..Change::default() }).await;
    let read = async |after: i64, subject: Option<&str>| rig.client.events(after, subject, Duration::ZERO).await;
    assert_eq!(read(1, None).await.unwrap().len(), 5);
    rig.store.remove_ended(Timestamp(NOW.0 + 3)).await.unwrap();
    for subject in [None, Some(id.as_str())] {
        let missed = read(1, subject).await.unwrap_err();
        assert!(missed.to_string().contains("after 1, up to 3,"), "{missed}");
        assert_eq!(code(Err::<(), _>(missed)), (410, "events_removed".into()));
        let kept = |events: Vec<caddis_types::api::EventView>| events.iter().map(|event| event.seq).collect::<Vec<_>>();
        assert_eq!(kept(read(3, subject).await.unwrap()), [4, 5, 6], "read up to there");
        assert_eq!(kept(read(0, subject).await.unwrap()), [4, 5, 6], "from the oldest that is kept");
    }
}
