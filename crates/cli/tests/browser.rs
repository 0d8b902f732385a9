//! The page and a proxied dashboard in a real browser. `cargo xtask test --tier browser` runs these.

mod common;

use caddis_testkit::World;
use common::chromium::Chromium;
use common::{CADDIS, world};

/// A link that logs in, and leads to what `caddis dashboard` leads to.
fn link(world: &World, named: &[&str]) -> String {
    world.run(&[&["dashboard"], named].concat()).expect(0).stdout().trim().to_owned()
}

/// JavaScript: whether the page shows these words.
fn shows(words: &str) -> String {
    format!("document.body?.innerText.includes({})", serde_json::json!(words))
}

#[test]
#[ignore = "needs a browser"]
fn the_page_goes_with_what_happens_and_shows_it_as_text() {
    let world = world();
    let mut browser = Chromium::start();
    browser.open(&link(&world, &[]));
    browser.wait(&shows("worker slots in use"));
    browser.wait(&shows("No cluster now."));
    browser.wait(&shows("No job yet."));
    let script = world.file("job.py", "raise ValueError('<b id=bold>bold</b>')\n");
    world.run(&["run", "--quiet", "--name", "etl", "--workers", "1", script.to_str().unwrap()]).expect(1);
    browser.wait(&shows("<b id=bold>"));
    browser.wait("document.querySelector('#jobs .bad')?.textContent === 'failed'");
    browser.wait("document.getElementById('bold') === null");
    world.run(&["cluster", "create", "lab", "--workers", "1", "--memory", "512MiB"]).expect(0);
    browser.wait("document.querySelector('#clusters a')?.pathname.startsWith('/clusters/cl_')");
    assert!(browser.complaints().is_empty(), "{:#?}", browser.complaints());
    world.run(&["cluster", "stop", "lab"]).expect(0);
    browser.wait(&shows("No cluster now."));
    world.run(&["serve", "--stop"]).expect(0);
    browser.wait(&shows("the server does not answer"));
    world.assert_nothing_left();
}

#[test]
#[ignore = "needs a browser"]
fn a_dashboard_is_alive_behind_the_login() {
    let world = world();
    world.run(&["cluster", "create", "lab", "--workers", "1", "--memory", "512MiB"]).expect(0);
    let mut browser = Chromium::start();
    browser.open(&link(&world, &["lab"]));
    // Drawn only after its websocket has brought the document.
    browser.wait("document.title.startsWith('Dask') && Bokeh.index.roots.length > 0");
    assert!(browser.complaints().is_empty(), "{:#?}", browser.complaints());
    world.run(&["cluster", "stop", "lab"]).expect(0);
    world.assert_nothing_left();
}

#[test]
#[ignore = "needs a browser"]
fn who_is_not_logged_in_reads_how_to() {
    let world = World::bare(CADDIS);
    let link = link(&world, &[]);
    let mut browser = Chromium::start();
    browser.open(link.split("/login").next().unwrap());
    browser.wait("document.querySelector('code')?.textContent === 'caddis dashboard'");
    // The link was not used up by that.
    browser.open(&link);
    browser.wait(&shows("worker slots in use"));
    browser.open(&link);
    browser.wait(&shows("used already"));
}
