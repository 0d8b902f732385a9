//! Beginning and ending.

use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::Duration;

use caddis_client::{Client, ClientError};
use caddis_engine::Key;
use caddis_engine::ports::Store;
use caddis_server::{Options, ServeError, serve};
use tokio::net::TcpListener;

use crate::records::{cluster, end, job};
use crate::rig::{Rig, code, until};

const SHORT: Options = Options { background: false, idle_exit: Some(Duration::from_millis(300)) };

#[tokio::test]
async fn a_state_folder_with_a_long_path_works() {
    let below: PathBuf = ["a".repeat(100), "b".repeat(100)].iter().collect();
    let rig = Rig::start_with(Options::default(), Some(below)).await;
    assert!(rig.home.server_socket().as_os_str().len() > 200);
    assert_eq!(rig.client.server().await.unwrap().home, rig.home.path().display().to_string());
}

#[tokio::test]
async fn a_second_server_says_who_is_first() {
    let rig = Rig::start().await;
    let error = serve(rig.assembly.clone(), Options::default()).await.unwrap_err();
    let ServeError::Taken { by, home } = error else { panic!("{error:?}") };
    assert_eq!((by, home), (std::process::id().to_string(), rig.home.path().display().to_string()));
    assert!(rig.client.server().await.is_ok(), "the first one still serves");
}

#[tokio::test]
async fn a_state_folder_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let mut rig = Rig::start().await;
    rig.client.shutdown(false).await.unwrap();
    rig.ended().await.unwrap();
    std::fs::set_permissions(rig.home.path(), std::fs::Permissions::from_mode(0o750)).unwrap();
    let error = serve(rig.assembly.clone(), Options::default()).await.unwrap_err();
    assert!(matches!(error, ServeError::Folder(_)), "{error:?}");
    assert!(error.to_string().contains("mode 750"), "{error}");
}

#[tokio::test]
async fn the_port_is_kept_and_another_is_taken_when_it_is_gone() {
    let mut rig = Rig::start().await;
    let port = rig.port();
    assert_eq!(rig.client.server().await.unwrap().http, Some(format!("http://127.0.0.1:{port}")));
    let again = async |rig: &mut Rig| {
        rig.client.shutdown(false).await.unwrap();
        rig.ended().await.unwrap();
    };
    again(&mut rig).await;
    let start = |rig: &mut Rig| rig.served = Some(tokio::spawn(serve(rig.assembly.clone(), Options::default())));
    let connected = async |rig: &Rig| until("it listens", async || Client::connect(rig.home.path()).await.ok()).await;
    start(&mut rig);
    connected(&rig).await;
    assert_eq!(rig.port(), port);
    again(&mut rig).await;
    let _taken = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    start(&mut rig);
    connected(&rig).await;
    assert_ne!(rig.port(), port);
    assert_eq!(rig.store.setting("http_port").await.unwrap(), Some(rig.port().to_string()));
}

#[tokio::test]
async fn it_ends_itself_only_when_nothing_is_active() {
    let mut rig = Rig::start_with(SHORT, None).await;
    let id = rig.put_job(job(&rig.owner)).await;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert!(rig.client.server().await.is_ok(), "a job is active");
    }
    rig.edit(&id, end).await;
    rig.ended().await.unwrap();
    assert!(!rig.home.server_socket().exists());
    let error = Client::connect(rig.home.path()).await.unwrap_err();
    assert!(matches!(error, ClientError::NotRunning { .. }));
}

#[tokio::test]
async fn it_stays_while_somebody_waits() {
    let mut rig = Rig::start_with(SHORT, None).await;
    let mut ended = job(&rig.owner);
    end(&mut ended);
    rig.put_job(ended).await;
    let after = rig.client.events(0, None, Duration::from_millis(700)).await;
    assert!(after.unwrap().is_empty(), "the request was answered at its own time");
    rig.ended().await.unwrap();
}

#[tokio::test]
async fn a_shutdown_is_refused_while_something_is_active_unless_forced() {
    let mut rig = Rig::start().await;
    rig.put_job(job(&rig.owner)).await;
    assert_eq!(code(rig.client.shutdown(false).await), (409, "active".into()));
    rig.client.shutdown(true).await.unwrap();
    rig.ended().await.unwrap();
}

#[tokio::test]
async fn a_socket_that_was_left_behind_is_no_server() {
    let mut rig = Rig::start().await;
    rig.client.shutdown(false).await.unwrap();
    rig.ended().await.unwrap();
    drop(std::os::unix::net::UnixListener::bind(rig.home.server_socket()).unwrap());
    let error = Client::connect(rig.home.path()).await.unwrap_err();
    assert!(matches!(error, ClientError::NotRunning { .. }), "{error:?}");
    rig.served = Some(tokio::spawn(serve(rig.assembly.clone(), Options::default())));
    until("the next server replaces it", async || Client::connect(rig.home.path()).await.ok()).await;
}

#[tokio::test]
async fn who_waits_is_answered_when_the_server_ends() {
    let mut rig = Rig::start().await;
    let id = rig.put_job(job(&rig.owner)).await;
    let client = rig.client.clone();
    let waiting = tokio::spawn(async move { client.watch_job(id.as_str(), 1, Duration::from_secs(60)).await });
    until("somebody waits", async || rig.client.shutdown(true).await.ok()).await;
    // Either it was asked in time and is answered, or the server was gone already; it never waits for its time.
    match crate::rig::within("an answer", waiting).await.unwrap() {
        Ok(job) => assert_eq!(job.generation, 1),
        Err(error) => assert!(error.is_gone(), "{error:?}"),
    }
    rig.ended().await.unwrap();
}

#[tokio::test]
async fn no_request_outlives_the_server() {
    let mut rig = Rig::start().await;
    let outside = rig.outside.clone();
    let closed = outside.gate.write().await;
    let (id, client) = (rig.put_cluster(cluster(&rig.owner, None)).await, rig.client.clone());
    let asked = tokio::spawn(async move { client.cluster(id.as_str()).await });
    let waiting = || outside.looks.load(Ordering::SeqCst);
    until("a request looks at the world", async || (waiting() > 0).then_some(())).await;
    rig.client.shutdown(true).await.unwrap();
    rig.ended().await.unwrap();
    assert_eq!(waiting(), 0, "a request goes on after the lock was given back");
    let cut = crate::rig::within("the end of its connection", asked).await.unwrap();
    assert!(cut.unwrap_err().is_gone());
    drop(closed);
}

#[tokio::test]
async fn no_pass_outlives_the_server() {
    let mut rig = Rig::start().await;
    let outside = rig.outside.clone();
    let closed = outside.gate.write().await;
    let id = rig.put_cluster(cluster(&rig.owner, None)).await;
    rig.assembly.engine.queue.wake(Key::Cluster(id));
    let waiting = || outside.looks.load(Ordering::SeqCst);
    until("a pass is under way", async || (waiting() > 0).then_some(())).await;
    rig.client.shutdown(true).await.unwrap();
    rig.ended().await.unwrap();
    assert_eq!(waiting(), 0, "a pass goes on after the lock was given back");
    drop(closed);
}
