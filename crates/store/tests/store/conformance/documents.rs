//! Documents of faces: beside the records, under generations of their own.

use caddis_engine::ports::{Change, CommitError, Document, DocumentWrite};

use super::Trial;
use crate::support::job;

fn write(key: &str, generation: u64, body: Option<&str>) -> DocumentWrite {
    let (kind, body) = ("face.thing".to_owned(), body.map(str::to_owned));
    DocumentWrite { kind, key: key.to_owned(), generation, about: None, body }
}

fn change(documents: Vec<DocumentWrite>) -> Change {
    Change { documents, ..Change::default() }
}

fn keys(found: Vec<Document>) -> Vec<String> {
    found.into_iter().map(|document| document.key).collect()
}

pub(crate) async fn a_document_is_written_read_and_removed_under_its_generation(trial: Trial) {
    trial.must(change(vec![write("p/a", 0, Some("1"))])).await;
    let (kind, key, body) = ("face.thing".to_owned(), "p/a".to_owned(), "1".to_owned());
    let first = Document { kind, key, number: 1, generation: 1, about: None, body };
    assert_eq!(trial.store.document("face.thing", "p/a").await.unwrap(), Some(first));
    assert_eq!(trial.store.document("face.other", "p/a").await.unwrap(), None);
    trial.must(change(vec![write("p/a", 1, Some("2"))])).await;
    for stale in [write("p/a", 0, Some("3")), write("p/a", 1, Some("3")), write("p/a", 1, None), write("p/b", 0, None)] {
        let refused = trial.store.commit(change(vec![stale.clone()])).await.unwrap_err();
        assert!(matches!(refused, CommitError::Conflict { .. }), "{stale:?}: {refused:?}");
    }
    trial.must(change(vec![write("p/a", 2, None)])).await;
    assert_eq!(trial.store.document("face.thing", "p/a").await.unwrap(), None);
    trial.must(change(vec![write("p/a", 0, Some("again"))])).await;
}

pub(crate) async fn documents_are_listed_by_the_beginning_of_their_keys(trial: Trial) {
    for key in ["p/b", "p/a", "p/a/x", "q/a", "p", "p/\u{10ffff}", "pa"] {
        trial.must(change(vec![write(key, 0, Some("{}"))])).await;
    }
    let list = async |prefix: &str, after: &str, limit| {
        keys(trial.store.documents("face.thing", prefix, after, limit).await.unwrap())
    };
    assert_eq!(list("p/", "", 0).await, ["p/a", "p/a/x", "p/b", "p/\u{10ffff}"]);
    assert_eq!(list("p/", "p/a", 2).await, ["p/a/x", "p/b"]);
    assert_eq!(list("", "", 2).await, ["p", "p/a"]);
    assert_eq!(list("z", "", 0).await, Vec::<String>::new());
}

pub(crate) async fn documents_are_listed_by_their_age_and_keep_their_place(trial: Trial) {
    for key in ["p/r/b", "p/r/a", "p/r/x/a", "p/b", "p/r/c", "p/r", "q/r/a"] {
        trial.must(change(vec![write(key, 0, Some("{}"))])).await;
    }
    let newest = async |folder: &str, before, limit| {
        let found = trial.store.newest_documents("face.thing", folder, before, limit).await.unwrap();
        found.into_iter().map(|document| (document.key, document.number)).collect::<Vec<_>>()
    };
    let placed = |key: &str, number| (key.to_owned(), number);
    assert_eq!(newest("p/r/", None, 0).await, [placed("p/r/c", 5), placed("p/r/a", 2), placed("p/r/b", 1)]);
    assert_eq!(newest("p/", None, 0).await, [placed("p/r", 6), placed("p/b", 4)], "what lies deeper is not in it");
    let first = newest("p/r/", None, 2).await;
    // Written again, one keeps its place; new ones come before the first page; so the second goes on where that ended.
    trial.must(change(vec![write("p/r/b", 1, Some("[]")), write("p/r/d", 0, Some("{}"))])).await;
    assert_eq!(newest("p/r/", Some(first[1].1), 2).await, [placed("p/r/b", 1)]);
    assert_eq!(newest("p/r/", None, 1).await, [placed("p/r/d", 8)]);
    // What was removed and made anew is new, and no number is used again.
    trial.must(change(vec![write("p/r/d", 1, None)])).await;
    assert!(trial.store.commit(change(vec![write("p/r/a", 0, Some("refused"))])).await.is_err());
    trial.must(change(vec![write("p/r/d", 0, Some("{}"))])).await;
    assert_eq!(newest("p/r/", None, 1).await, [placed("p/r/d", 9)]);
    assert!(newest("", None, 0).await.is_empty());
}

pub(crate) async fn documents_and_records_change_together_or_not_at_all(trial: Trial) {
    trial.must(change(vec![write("a", 0, Some("1"))])).await;
    let stale = Change { jobs: vec![job(1)], documents: vec![write("b", 0, Some("1")), write("a", 0, Some("2"))], ..Change::default() };
    assert!(trial.store.commit(stale).await.is_err());
    assert_eq!(trial.store.job(&job(1).id).await.unwrap(), None);
    assert_eq!(trial.store.document("face.thing", "b").await.unwrap(), None);
    let twice = change(vec![write("c", 0, Some("1")), write("c", 1, Some("2"))]);
    assert!(trial.store.commit(twice).await.is_err());
    assert_eq!(trial.store.document("face.thing", "c").await.unwrap(), None);
}
