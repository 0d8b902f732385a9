//! Whose process is at the other end of a loopback connection. Cookies do not know ports, and a login link can be
//! seen in the process list: so a connection itself must come from the right user.
//!
//! The kernel's tables say it. Only an established socket that a process still holds counts: one whose process has
//! let go of it is listed as root's.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

const ESTABLISHED: &str = "01";
const LISTENING: &str = "0A";

/// The user whose process holds the other end of a connection to us.
pub(crate) async fn of_connection(theirs: SocketAddrV4, ours: SocketAddrV4) -> io::Result<Option<u32>> {
    find(|row| row.state == ESTABLISHED && row.inode != "0" && row.local.is(theirs) && row.remote.is(ours)).await
}

/// The user whose process listens on a loopback port.
pub(crate) async fn of_listener(port: u16) -> io::Result<Option<u32>> {
    let loopback = SocketAddrV4::new(Ipv4Addr::LOCALHOST, port);
    let every = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port);
    find(|row| row.state == LISTENING && row.inode != "0" && (row.local.is(loopback) || row.local.is(every))).await
}

async fn find(wanted: impl Fn(&Row<'_>) -> bool) -> io::Result<Option<u32>> {
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = match tokio::fs::read_to_string(table).await {
            // A kernel without IPv6 has no second table.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            text => text?,
        };
        if let Some(uid) = text.lines().filter_map(row).find(&wanted).and_then(|row| row.uid.parse().ok()) {
            return Ok(Some(uid));
        }
    }
    Ok(None)
}

struct Row<'a> {
    local: Address<'a>,
    remote: Address<'a>,
    state: &'a str,
    uid: &'a str,
    inode: &'a str,
}

/// An address as the tables write it: words of 32 bits in the machine's order, a colon, the port.
#[derive(Clone, Copy)]
struct Address<'a>(&'a str);

impl Address<'_> {
    fn is(self, wanted: SocketAddrV4) -> bool {
        let word = |ip: Ipv4Addr| u32::from_ne_bytes(ip.octets());
        let port = wanted.port();
        let mapped = u32::from_ne_bytes([0, 0, 0xff, 0xff]);
        let four = format!("{:08X}:{port:04X}", word(*wanted.ip()));
        let six = format!("{:08X}{:08X}{mapped:08X}{four}", 0, 0);
        let every = wanted.ip().is_unspecified() && self.0 == format!("{:032X}:{port:04X}", 0);
        self.0 == four || self.0 == six || every
    }
}

fn row(line: &str) -> Option<Row<'_>> {
    let mut fields = line.split_whitespace().skip(1);
    let (local, remote, state) = (Address(fields.next()?), Address(fields.next()?), fields.next()?);
    let uid = fields.nth(3)?;
    let inode = fields.nth(1)?;
    Some(Row { local, remote, state, uid, inode })
}

#[cfg(test)]
mod tests {
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    fn four(address: io::Result<std::net::SocketAddr>) -> SocketAddrV4 {
        match address.expect("an address") {
            std::net::SocketAddr::V4(address) => address,
            std::net::SocketAddr::V6(other) => panic!("{other} is not IPv4"),
        }
    }

    #[tokio::test]
    async fn our_own_connection_and_listener_are_ours() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let ours = four(listener.local_addr());
        let stream = TcpStream::connect(ours).await.expect("connected");
        let theirs = four(stream.local_addr());
        let (_accepted, _) = listener.accept().await.expect("accepted");
        let me = Some(rustix::process::geteuid().as_raw());
        assert_eq!(of_connection(theirs, ours).await.expect("read"), me);
        assert_eq!(of_listener(ours.port()).await.expect("read"), me);
        drop(stream);
        assert_eq!(of_connection(theirs, ours).await.expect("read"), None, "nobody holds it any more");
        assert_eq!(of_listener(theirs.port()).await.expect("read"), None);
    }

    #[test]
    fn a_dual_stack_socket_is_found_by_its_mapped_address() {
        let line =
            "0: 0000000000000000FFFF00000100007F:1F90 0000000000000000FFFF00000100007F:C350 01 0:0 0:0 0 1000 0 77 1";
        let row = row(line).expect("a row");
        assert!(row.local.is("127.0.0.1:8080".parse().expect("an address")));
        assert!(row.remote.is("127.0.0.1:50000".parse().expect("an address")));
        assert_eq!((row.uid, row.inode, row.state), ("1000", "77", "01"));
    }
}
