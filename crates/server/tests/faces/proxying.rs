//! Dashboards behind the login, over a small raw server that says what it was asked.

use std::sync::Arc;

use hyper::Method;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use crate::browser::Browser;
use crate::records::cluster;
use crate::rig::{Rig, within};

/// What a dashboard was asked, head by head.
type Asked = Arc<Mutex<Vec<String>>>;

/// A dashboard that answers every request with its path and upgrades websockets to an echo.
async fn dashboard() -> (u16, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = Asked::default();
    let heads = asked.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, heads.clone()));
        }
    });
    (port, asked)
}

async fn serve(stream: TcpStream, asked: Asked) {
    let mut stream = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.unwrap() == 0 {
            return;
        }
    }
    asked.lock().await.push(head.to_lowercase());
    let path = head.split(' ').nth(1).unwrap().to_owned();
    if head.to_lowercase().contains("upgrade: websocket") {
        let answer = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                      Sec-WebSocket-Accept: yes\r\nSec-WebSocket-Protocol: bokeh\r\n\r\nhello";
        stream.write_all(answer.as_bytes()).await.unwrap();
        let mut buffer = vec![0; 1 << 16];
        loop {
            match stream.read(&mut buffer).await.unwrap() {
                0 => return,
                n => stream.write_all(&buffer[..n]).await.unwrap(),
            }
        }
    }
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Type: text/html\r\nSet-Cookie: caddis-session-1=evil\r\n\
         Set-Cookie: _xsrf=fine\r\nConnection: close\r\n\r\n{path}",
        path.len()
    );
    stream.write_all(answer.as_bytes()).await.unwrap();
}

async fn behind_a_login(port: u16) -> (Rig, Browser, String) {
    let rig = Rig::start().await;
    let record = cluster(&rig.owner, Some(port));
    std::fs::write(rig.secrets.folder.join(format!("{}.secret", record.id)), "s3cret\n").unwrap();
    let id = rig.put_cluster(record).await;
    let browser = Browser::new(rig.port()).session(&rig.session().await);
    (rig, browser, id.to_string())
}

#[tokio::test]
async fn a_dashboard_is_asked_with_the_secret_and_without_ours() {
    let (port, asked) = dashboard().await;
    let (_rig, browser, id) = behind_a_login(port).await;
    let path = format!("/clusters/{id}/statics/a%20b.js?v=1&w=%2F");
    let got = browser.with("x-caddis-secret", "guess").get(&path).await;
    assert_eq!((got.status, got.body.as_str()), (200, path.as_str()));
    assert_eq!(got.headers.get_all("set-cookie").iter().collect::<Vec<_>>(), ["_xsrf=fine"]);
    let head = asked.lock().await.pop().unwrap();
    assert!(head.contains("x-caddis-secret: s3cret\r\n") && !head.contains("guess"), "{head}");
    assert!(!head.contains("caddis-session") && !head.contains("cookie"), "{head}");
}

#[tokio::test]
async fn a_websocket_goes_both_ways() {
    let (port, asked) = dashboard().await;
    let (rig, browser, id) = behind_a_login(port).await;
    let upgrade = browser
        .with("origin", format!("http://127.0.0.1:{}", rig.port()))
        .with("connection", "Upgrade")
        .with("upgrade", "websocket")
        .with("sec-websocket-key", "a2V5")
        .with("sec-websocket-version", "13")
        .with("sec-websocket-protocol", "bokeh, token");
    let response = upgrade.open(Method::GET, &format!("/clusters/{id}/ws")).await;
    assert_eq!(response.status(), 101);
    assert_eq!(response.headers()["sec-websocket-protocol"], "bokeh");
    assert_eq!(response.headers()["sec-websocket-accept"], "yes");
    let head = asked.lock().await.pop().unwrap();
    for line in ["x-caddis-secret: s3cret", "sec-websocket-protocol: bokeh, token", "sec-websocket-key: a2v5"] {
        assert!(head.contains(line), "{head}");
    }
    assert!(!head.contains("cookie"), "{head}");
    let mut stream = hyper_util::rt::TokioIo::new(hyper::upgrade::on(response).await.unwrap());
    let mut hello = [0; 5];
    within("the first word", stream.read_exact(&mut hello)).await.unwrap();
    assert_eq!(&hello, b"hello", "what came with the handshake is not lost");
    let text: Vec<u8> = (0..200_000u32).flat_map(u32::to_le_bytes).collect();
    let (mut reader, mut writer) = tokio::io::split(stream);
    let sent = text.clone();
    let sending = tokio::spawn(async move {
        writer.write_all(&sent).await.unwrap();
        writer
    });
    let mut back = vec![0; text.len()];
    within("the echo", reader.read_exact(&mut back)).await.unwrap();
    assert!(back == text);
    drop(sending.await.unwrap());
}

#[tokio::test]
async fn only_the_callers_own_living_clusters_have_one() {
    let (port, asked) = dashboard().await;
    let (rig, browser, id) = behind_a_login(port).await;
    let theirs = rig.put_cluster(cluster("somebody-else", Some(port))).await;
    assert_eq!(browser.get(&format!("/clusters/{theirs}/status")).await.status, 404);
    let without = rig.put_cluster(cluster(&rig.owner, None)).await;
    assert_eq!(browser.get(&format!("/clusters/{without}/status")).await.status, 404);
    let front = browser.get(&format!("/clusters/{id}")).await;
    assert_eq!(front.headers["location"].to_str().unwrap(), format!("/clusters/{id}/status"));
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let dead = rig.put_cluster(cluster(&rig.owner, Some(closed))).await;
    assert_eq!(browser.get(&format!("/clusters/{dead}/status")).await.status, 503);
    let mut ended = cluster(&rig.owner, Some(port));
    ended.state = caddis_core::record::ClusterState::Ended {
        at: crate::records::NOW,
        why: caddis_core::record::StopWhy::orderly("it was stopped"),
    };
    let ended = rig.put_cluster(ended).await;
    assert_eq!(browser.get(&format!("/clusters/{ended}/status")).await.status, 409);
    assert!(asked.lock().await.is_empty());
}

/// A port that somebody else's process took over must not learn the secret.
#[tokio::test]
async fn a_port_of_another_user_is_not_asked() {
    if !crate::rig::is_root() {
        return caddis_testkit::skip("stranger", "only root can become another user");
    }
    let script = "import socket,sys\ns=socket.create_server(('127.0.0.1',0))\nprint(s.getsockname()[1],flush=True)\n\
                  s.settimeout(20)\nc,_=s.accept()\nprint('asked',flush=True)";
    let mut child = tokio::process::Command::new("/usr/bin/python3")
        .args(["-c", script])
        .uid(65534)
        .gid(65534)
        .current_dir("/")
        .stdout(std::process::Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = within("it listens", lines.next_line()).await.unwrap().unwrap().parse().unwrap();
    let (_rig, browser, id) = behind_a_login(port).await;
    assert_eq!(browser.get(&format!("/clusters/{id}/status")).await.status, 503);
    child.kill().await.unwrap();
    assert_eq!(lines.next_line().await.unwrap(), None, "it was asked");
}
