//! Another user of the machine gets nothing: neither on the socket, whatever its permissions, nor on the port, even
//! with a stolen cookie or an unused link.

use std::fs::{Permissions, set_permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::browser::{Browser, path_of};
use crate::rig::{Rig, is_root};

const NOBODY: u32 = 65534;

/// Connects, sends a request, and prints what comes back.
const ASK: &str = r#"
import socket, sys
where, request = sys.argv[1], sys.argv[2]
if where.startswith("/"):
    s = socket.socket(socket.AF_UNIX)
    s.connect(where)
else:
    s = socket.create_connection(("127.0.0.1", int(where)))
s.settimeout(10)
try:
    s.sendall(request.encode())
    while True:
        data = s.recv(65536)
        if not data:
            break
        sys.stdout.write(data.decode())
except ConnectionError:
    pass
"#;

/// What another user is told; nothing where this test cannot become one.
async fn nobody_asks(place: &str, request: &str) -> Option<String> {
    if !is_root() {
        caddis_testkit::skip("stranger", "only root can become another user");
        return None;
    }
    let mut command = Command::new("/usr/bin/python3");
    command.args(["-c", ASK, place, request]).uid(NOBODY).gid(NOBODY).current_dir("/");
    let Output { status, stdout, stderr } =
        tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&stderr));
    Some(String::from_utf8(stdout).unwrap())
}

fn open_up(path: &Path, mode: u32) {
    set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[tokio::test]
async fn on_the_socket_even_when_its_permissions_are_lost() {
    let rig = Rig::start().await;
    let (home, socket) = (rig.home.path(), rig.home.server_socket());
    assert_eq!(home.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(socket.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    open_up(home.parent().unwrap(), 0o755);
    open_up(home, 0o755);
    open_up(&socket, 0o666);
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    if let Some(told) = nobody_asks(socket.to_str().unwrap(), request).await {
        assert_eq!(told, "");
    }
    assert!(rig.client.server().await.is_ok(), "its own user is still served");
}

fn request(port: u16, path: &str, header: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{header}Connection: close\r\n\r\n")
}

#[tokio::test]
async fn on_the_port_even_with_a_stolen_cookie() {
    let rig = Rig::start().await;
    let (port, secret) = (rig.port(), rig.session().await);
    let cookie = format!("Cookie: caddis-session-{port}={secret}\r\n");
    let bearer = format!("Authorization: Bearer {secret}\r\n");
    for header in [&cookie, &bearer] {
        let Some(told) = nobody_asks(&port.to_string(), &request(port, "/v1/jobs", header)).await else { return };
        assert!(told.starts_with("HTTP/1.1 403"), "{told}");
        assert!(told.contains("foreign_user"), "{told}");
    }
    let told = nobody_asks(&port.to_string(), &request(port, "/healthz", "")).await.unwrap();
    assert!(told.starts_with("HTTP/1.1 200"), "health is for everybody: {told}");
}

#[tokio::test]
async fn on_the_port_even_with_a_link_from_the_process_list() {
    let rig = Rig::start().await;
    let link = rig.client.login_link(None).await.unwrap();
    let path = path_of(&link.url);
    let port = rig.port();
    let Some(told) = nobody_asks(&port.to_string(), &request(port, path, "")).await else { return };
    assert!(told.starts_with("HTTP/1.1 403"), "{told}");
    assert!(!told.to_lowercase().contains("set-cookie"), "{told}");
    Browser::new(port).login(&link.url).await;
}
