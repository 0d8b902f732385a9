//! The cookie of a browser's session. Cookies do not know ports, so its name does: two servers on one machine do not
//! overwrite each other's, and none of ours is passed on to a dashboard.

use hyper::header::{COOKIE, HeaderMap, HeaderValue};

/// What the names of all our cookies begin with.
const OURS: &str = "caddis-session-";

fn name(port: u16) -> String {
    format!("{OURS}{port}")
}

/// The header that gives a browser its session.
pub(crate) fn set(port: u16, secret: &str) -> String {
    format!("{}={secret}; Path=/; HttpOnly; SameSite=Strict", name(port))
}

/// Every session that a request claims; a page of another port may have added wrong ones.
pub(crate) fn claimed(headers: &HeaderMap, port: u16) -> Vec<String> {
    let name = name(port);
    pairs(headers)
        .filter_map(|pair| pair.split_once('='))
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
        .collect()
}

/// Takes our cookies out of a request that goes on to somebody else.
pub(crate) fn strip(headers: &mut HeaderMap) {
    let rest: Vec<&str> = pairs(headers).filter(|pair| !pair.starts_with(OURS)).collect();
    let rest = HeaderValue::from_str(&rest.join("; ")).ok().filter(|rest| !rest.is_empty());
    headers.remove(COOKIE);
    if let Some(rest) = rest {
        headers.insert(COOKIE, rest);
    }
}

/// Whether a `Set-Cookie` of somebody else would set one of ours.
pub(crate) fn sets_ours(value: &HeaderValue) -> bool {
    value.as_bytes().trim_ascii_start().starts_with(OURS.as_bytes())
}

fn pairs(headers: &HeaderMap) -> impl Iterator<Item = &str> {
    let texts = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    texts.flat_map(|text| text.split(';')).map(str::trim).filter(|pair| !pair.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(COOKIE, HeaderValue::from_str(value).expect("a value"));
        }
        headers
    }

    #[test]
    fn only_the_cookie_of_this_port_counts_and_wrong_ones_do_not_hide_it() {
        let headers = headers(&["a=b; caddis-session-80=wrong", "caddis-session-80=right; caddis-session-81=other"]);
        assert_eq!(claimed(&headers, 80), ["wrong", "right"]);
    }

    #[test]
    fn none_of_ours_goes_on() {
        let mut mixed = headers(&["a=b; caddis-session-80=x", "c=d;caddis-session-81=y"]);
        strip(&mut mixed);
        assert_eq!(mixed.get_all(COOKIE).iter().collect::<Vec<_>>(), ["a=b; c=d"]);
        let mut ours = headers(&["caddis-session-80=x"]);
        strip(&mut ours);
        assert!(!ours.contains_key(COOKIE));
    }

    #[test]
    fn nobody_else_sets_ours() {
        assert!(sets_ours(&HeaderValue::from_static(" caddis-session-80=x; Path=/")));
        assert!(!sets_ours(&HeaderValue::from_static("_xsrf=caddis-session-80")));
    }
}
