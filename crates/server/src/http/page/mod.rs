//! `GET /`: a small page with the caller's jobs and clusters. It asks the API like everybody else; nothing in it
//! comes from elsewhere, and its own rules forbid the browser to load anything else.

pub(super) mod refusal;

use axum::response::Html;
use hyper::StatusCode;
use hyper::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_FRAME_OPTIONS};

use crate::auth::Who;
use crate::openapi::{About, Kind, Raw, Routes};

const RULES: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
                     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const INDEX: About = About::new("page", "A small page with the caller's jobs and clusters.");
const SCRIPT: About = About::new("page_script", "The page's script.");
const PICTURE: About = About::new("page_picture", "The page's picture.");
const STYLE: About = About::new("page_style", "The page's style.");

pub(super) fn routes() -> Routes {
    Routes::of("page").get("/", index, &INDEX).get("/page.js", script, &SCRIPT).get("/page.svg", picture, &PICTURE).get(
        "/page.css",
        style,
        &STYLE,
    )
}

async fn index(_: Who) -> Raw<Markup> {
    let headers = [(CONTENT_SECURITY_POLICY, RULES), (X_FRAME_OPTIONS, "DENY")];
    Raw::new((headers, Html(include_str!("index.html"))))
}

async fn script(_: Who) -> Raw<Script> {
    Raw::new(([(CONTENT_TYPE, "text/javascript; charset=utf-8")], include_str!("page.js")))
}

async fn picture(_: Who) -> Raw<Picture> {
    Raw::new(([(CONTENT_TYPE, "image/svg+xml")], include_str!("page.svg")))
}

async fn style(_: Who) -> Raw<Style> {
    Raw::new(([(CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("page.css")))
}

macro_rules! parts {
    ($($name:ident = $media:literal;)+) => {$(
        struct $name;

        impl Kind for $name {
            const STATUS: StatusCode = StatusCode::OK;
            const SENTENCE: &'static str = "A part of the page.";
            const MEDIA: &'static [&'static str] = &[$media];
            const HEADERS: &'static [(&'static str, &'static str)] = &[];
        }
    )+};
}

parts! {
    Markup = "text/html";
    Script = "text/javascript";
    Picture = "image/svg+xml";
    Style = "text/css";
}
