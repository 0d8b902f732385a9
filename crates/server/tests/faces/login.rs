//! Links that log a browser in.

use hyper::Method;

use crate::browser::{Browser, path_of};
use crate::rig::{Rig, code};

#[tokio::test]
async fn a_link_works_once_and_leads_on() {
    let rig = Rig::start().await;
    let link = rig.client.login_link(Some("/clusters/cl_x/status")).await.unwrap();
    assert_eq!(link.valid_ms, 60_000);
    let (browser, path) = (Browser::new(rig.port()), path_of(&link.url));
    assert_eq!(browser.send(Method::HEAD, path).await.status, 405, "a look does not use it up");
    let first = browser.get(path).await;
    assert_eq!((first.status, &first.headers["location"]), (303, &"/clusters/cl_x/status".parse().unwrap()));
    let second = browser.get(path).await;
    assert_eq!(second.status, 403);
    assert!(!second.headers.contains_key("set-cookie"));
    assert_eq!(browser.get("/login?code=").await.status, 403);
    assert_eq!(browser.get("/login").await.status, 400);
}

#[tokio::test]
async fn two_browsers_with_one_link_get_one_session() {
    let rig = Rig::start().await;
    for _ in 0..20 {
        let link = rig.client.login_link(None).await.unwrap();
        let (browser, path) = (Browser::new(rig.port()), path_of(&link.url));
        let (a, b) = tokio::join!(browser.get(path), browser.get(path));
        let mut both = [a.status, b.status];
        both.sort_unstable();
        assert_eq!(both, [303, 403]);
    }
}

#[tokio::test]
async fn a_link_leads_nowhere_else() {
    let rig = Rig::start().await;
    for next in
        ["//evil.example", "https://evil.example/", "/\\evil.example", "evil", "/a\r\nSet-Cookie: x=y", "/ü", ""]
    {
        assert_eq!(code(rig.client.login_link(Some(next)).await), (400, "bad_next".into()), "{next}");
    }
}
