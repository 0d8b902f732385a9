//! What goes on to a dashboard, and what comes back from it.

use hyper::HeaderMap;
use hyper::header::{
    AUTHORIZATION, CONNECTION, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, SET_COOKIE, TE,
    TRAILER, TRANSFER_ENCODING, UPGRADE,
};

use crate::auth::cookies;

const SECRET: HeaderName = HeaderName::from_static("x-caddis-secret");
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// Headers that belong to one connection, not to what goes through it (RFC 9110, 7.6.1).
const HOP: [HeaderName; 8] =
    [CONNECTION, KEEP_ALIVE, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE];

/// Makes a request's headers those of the next hop: with the cluster's secret, without ours.
pub(super) fn onward(headers: &mut HeaderMap, secret: &HeaderValue) {
    drop_hop(headers);
    headers.remove(AUTHORIZATION);
    cookies::strip(headers);
    headers.insert(SECRET, secret.clone());
}

/// Makes an answer's headers ours: nothing that would set our cookies.
pub(super) fn back(headers: &mut HeaderMap) {
    drop_hop(headers);
    headers.remove(SECRET);
    let kept: Vec<_> = headers.get_all(SET_COOKIE).iter().filter(|value| !cookies::sets_ours(value)).cloned().collect();
    headers.remove(SET_COOKIE);
    for value in kept {
        headers.append(SET_COOKIE, value);
    }
}

fn drop_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.iter().chain(&HOP) {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_can_neither_choose_the_secret_nor_pass_on_ours() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("x-caddis-secret", "guess"),
            ("cookie", "caddis-session-80=s; theirs=1"),
            ("authorization", "Bearer s"),
            ("connection", "keep-alive, x-once"),
            ("x-once", "1"),
            ("accept", "text/html"),
        ] {
            headers.append(name, HeaderValue::from_static(value));
        }
        onward(&mut headers, &HeaderValue::from_static("right"));
        let mut left: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.to_str().expect("text"))).collect();
        left.sort_unstable();
        assert_eq!(left, [("accept", "text/html"), ("cookie", "theirs=1"), ("x-caddis-secret", "right")]);
    }

    #[test]
    fn a_dashboard_cannot_set_our_cookies() {
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, HeaderValue::from_static("caddis-session-80=evil"));
        headers.append(SET_COOKIE, HeaderValue::from_static("_xsrf=fine"));
        back(&mut headers);
        assert_eq!(headers.get_all(SET_COOKIE).iter().collect::<Vec<_>>(), ["_xsrf=fine"]);
    }
}
