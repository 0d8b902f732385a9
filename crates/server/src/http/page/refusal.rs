//! A refusal for a person in front of a browser, who would otherwise read JSON.

use axum::extract::Request;
use axum::response::{Html, IntoResponse, Response};
use hyper::Method;
use hyper::header::{ACCEPT, CONTENT_SECURITY_POLICY, HeaderMap, X_FRAME_OPTIONS};

use crate::http::Refusal;

/// Its style is in it: before a login nothing else may be loaded.
const RULES: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                     frame-ancestors 'none'";

/// Whether somebody looks at a page, rather than a program at the API.
pub(crate) fn is_for_a_person(request: &Request) -> bool {
    *request.method() == Method::GET && !request.uri().path().starts_with("/v1/") && takes_html(request.headers())
}

fn takes_html(headers: &HeaderMap) -> bool {
    let mut accepted = headers.get_all(ACCEPT).iter().filter_map(|accept| accept.to_str().ok());
    accepted.any(|accept| accept.contains("text/html"))
}

/// The page that says it.
pub(crate) fn page(refusal: &Refusal, id: &str) -> Response {
    let hint = refusal.hint.as_deref().map(|hint| format!("<p>{}.</p>", markup(hint))).unwrap_or_default();
    // The words last: what stands in them is no place for anything.
    let page = include_str!("refusal.html")
        .replace("{status}", refusal.status.as_str())
        .replace("{id}", id)
        .replace("{hint}", &hint)
        .replace("{message}", &markup(&refusal.message));
    let headers = [(CONTENT_SECURITY_POLICY, RULES), (X_FRAME_OPTIONS, "DENY")];
    (refusal.status, headers, Html(page)).into_response()
}

/// A sentence of ours as markup: a capital at its beginning, code where backticks are, everything else as text.
fn markup(sentence: &str) -> String {
    let pieces = sentence.split('`').enumerate().map(|(at, piece)| match at % 2 {
        0 => escaped(piece),
        _ => format!("<code>{}</code>", escaped(piece)),
    });
    let text: String = pieces.collect();
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_for_is_text_and_never_markup() {
        assert_eq!(markup("there is nothing at `/<script>`"), "There is nothing at <code>/&lt;script&gt;</code>");
        assert_eq!(markup("\"a\" & b"), "&quot;a&quot; &amp; b");
        assert_eq!(markup(""), "");
    }
}
