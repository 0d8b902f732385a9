//! The loopback port: every way around the login that is known, each refused.

use hyper::Method;

use crate::browser::Browser;
use crate::rig::Rig;

async fn status(browser: &Browser, method: Method, path: &str) -> u16 {
    browser.send(method, path).await.status
}

async fn logged_in() -> (Rig, Browser) {
    let rig = Rig::start().await;
    let browser = Browser::new(rig.port()).session(&rig.session().await);
    assert_eq!(browser.get("/v1/jobs").await.status, 200);
    (rig, browser)
}

#[tokio::test]
async fn only_health_answers_without_a_login() {
    let rig = Rig::start().await;
    let stranger = Browser::new(rig.port());
    let paths = ["/", "/page.js", "/openapi.json", "/v1/server", "/v1/jobs", "/v1/clusters", "/v1/events", "/x"];
    for path in paths.into_iter().chain(["/clusters/cl_x/status"]) {
        let got = stranger.get(path).await;
        assert_eq!(got.status, 401, "{path}: {got:?}");
    }
    assert_eq!(status(&stranger, Method::POST, "/v1/jobs").await, 401);
    assert_eq!(status(&stranger, Method::POST, "/v1/login-links").await, 401);
    for path in ["/healthz", "/readyz"] {
        let got = stranger.get(path).await;
        assert_eq!((got.status, got.body.as_str()), (200, "ok\n"), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_or_old_cookie_is_no_login() {
    let (rig, browser) = logged_in().await;
    for secret in ["", "0", &"0".repeat(64)] {
        assert_eq!(Browser::new(rig.port()).session(secret).get("/v1/jobs").await.status, 401);
    }
    let secret = rig.session().await;
    let other_port = format!("caddis-session-1={secret}");
    assert_eq!(browser.with("cookie", other_port).get("/v1/jobs").await.status, 401);
    let tossed = format!("caddis-session-{0}=wrong; caddis-session-{0}={secret}", rig.port());
    assert_eq!(browser.with("cookie", tossed).get("/v1/jobs").await.status, 200, "a wrong one must not hide ours");
}

#[tokio::test]
async fn a_bearer_is_checked_like_a_cookie() {
    let rig = Rig::start().await;
    let (secret, browser) = (rig.session().await, Browser::new(rig.port()));
    let bearer = |text: String| browser.with("authorization", text);
    assert_eq!(bearer(format!("Bearer {secret}")).get("/v1/jobs").await.status, 200);
    assert_eq!(bearer("Bearer nonsense".into()).get("/v1/jobs").await.status, 401);
    assert_eq!(bearer(format!("Basic {secret}")).get("/v1/jobs").await.status, 401);
    let both = bearer("Bearer nonsense".into()).session(&secret);
    assert_eq!(both.get("/v1/jobs").await.status, 401, "a wrong bearer is not forgiven for a right cookie");
}

#[tokio::test]
async fn a_name_that_somebody_else_leads_here_is_refused() {
    let (rig, browser) = logged_in().await;
    let port = rig.port();
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        "127.0.0.1".to_owned(),
        format!("127.0.0.1:{}", port ^ 1),
        format!("127.0.0.1.evil.example:{port}"),
        format!("evil@127.0.0.1:{port}"),
        String::new(),
    ] {
        assert_eq!(browser.with("host", host.clone()).get("/v1/jobs").await.status, 421, "`{host}`");
        assert_eq!(browser.with("host", host.clone()).get("/login?code=x").await.status, 421, "`{host}`");
    }
    assert_eq!(browser.with("host", format!("localhost:{port}")).get("/v1/jobs").await.status, 200);
}

#[tokio::test]
async fn a_page_of_another_site_gets_nothing_even_with_the_cookie() {
    let (rig, browser) = logged_in().await;
    let port = rig.port();
    let others = ["https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1", "", "http://localhost"];
    for origin in others {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let got = browser.with("origin", origin).send(method.clone(), "/v1/jobs").await;
            assert_eq!(got.status, 403, "{method} from `{origin}`: {got:?}");
            assert!(!got.headers.contains_key("access-control-allow-origin"));
        }
    }
    let https = browser.with("origin", format!("https://127.0.0.1:{port}"));
    assert_eq!(https.get("/v1/jobs").await.status, 403);
    assert_eq!(browser.with("origin", format!("http://127.0.0.1:{port}")).get("/v1/jobs").await.status, 200);
    let preflight = browser.with("origin", "https://evil.example").send(Method::OPTIONS, "/v1/jobs").await;
    assert_eq!(preflight.status, 403);
}

#[tokio::test]
async fn what_the_browser_says_of_the_asking_site_counts() {
    let (_rig, browser) = logged_in().await;
    for site in ["cross-site", "same-site", "nonsense"] {
        let from = browser.with("sec-fetch-site", site);
        assert_eq!(from.get("/v1/jobs").await.status, 403, "{site}");
        let framed = from.with("sec-fetch-mode", "navigate").with("sec-fetch-dest", "iframe");
        assert_eq!(framed.get("/").await.status, 403, "{site} in a frame");
        let link = from.with("sec-fetch-mode", "navigate").with("sec-fetch-dest", "document");
        assert_eq!(link.get("/").await.status, 200, "following a link from {site}");
        assert_eq!(link.send(Method::POST, "/v1/clusters/x/stop").await.status, 403, "a form from {site}");
    }
}

#[tokio::test]
async fn a_change_by_cookie_must_come_from_our_own_page() {
    let (rig, browser) = logged_in().await;
    let path = "/v1/jobs/latest/cancel";
    assert_eq!(status(&browser, Method::POST, path).await, 403, "nobody says which page it was");
    let own = browser.with("origin", format!("http://127.0.0.1:{}", rig.port()));
    assert_eq!(status(&own, Method::POST, path).await, 404, "let through; there is no job");
    assert_eq!(status(&browser.with("sec-fetch-site", "same-origin"), Method::POST, path).await, 404);
    let bearer = Browser::new(rig.port()).with("authorization", format!("Bearer {}", rig.session().await));
    assert_eq!(status(&bearer, Method::POST, path).await, 404, "a bearer is not sent by itself");
    let websocket = browser.with("connection", "upgrade").with("upgrade", "websocket");
    assert_eq!(websocket.get("/clusters/latest/ws").await.status, 403, "a websocket of no page");
}

#[tokio::test]
async fn a_browser_sees_its_users_costs_and_not_everybodys() {
    let (_rig, browser) = logged_in().await;
    assert_eq!(status(&browser, Method::GET, "/v1/cost").await, 200);
    assert_eq!(status(&browser, Method::GET, "/v1/cost?everybody=true").await, 403);
}

#[tokio::test]
async fn a_browser_cannot_do_what_is_for_the_operator() {
    let (rig, browser) = logged_in().await;
    let own = browser.with("origin", format!("http://127.0.0.1:{}", rig.port()));
    for path in ["/v1/login-links", "/v1/shutdown", "/v1/prune"] {
        assert_eq!(status(&own, Method::POST, path).await, 403, "{path}");
    }
}

#[tokio::test]
async fn the_page_loads_nothing_from_elsewhere() {
    let (_rig, browser) = logged_in().await;
    let page = browser.get("/").await;
    assert_eq!(page.status, 200);
    let rules = page.headers["content-security-policy"].to_str().unwrap();
    assert!(rules.starts_with("default-src 'none'; script-src 'self'"), "{rules}");
    assert_eq!(page.headers["x-frame-options"], "DENY");
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    assert!(!page.body.contains("http"), "{}", page.body);
    for (path, kind) in [("/page.js", "text/javascript"), ("/page.css", "text/css"), ("/page.svg", "image/svg+xml")] {
        let got = browser.get(path).await;
        assert_eq!(got.status, 200);
        assert!(got.headers["content-type"].to_str().unwrap().starts_with(kind));
    }
}

#[tokio::test]
async fn a_person_reads_a_refusal_as_a_page_and_a_program_as_a_problem() {
    let (rig, browser) = logged_in().await;
    let stranger = Browser::new(rig.port()).with("accept", "text/html,*/*").get("/").await;
    assert!(stranger.status == 401 && stranger.body.contains("<code>caddis dashboard</code>"), "{stranger:?}");
    assert_eq!(stranger.headers["content-type"], "text/html; charset=utf-8");
    let person = browser.with("accept", "text/html,*/*");
    let gone = person.get("/clusters/a%3Cscript%3E/status").await;
    assert!(gone.status == 404 && gone.body.contains("<code>a&lt;script&gt;</code>"), "{gone:?}");
    assert!(gone.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'none'"));
    let problem: serde_json::Value = serde_json::from_str(&person.get("/v1/jobs/none").await.body).unwrap();
    assert_eq!(problem["code"], "not_found");
}
