//! Pages of lists: a token is the key after which the next page begins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::wire::Status;

/// What a page holds when nobody says how much, and at most.
const MOST: usize = 1000;

/// The wished size of a page.
pub(crate) fn size(asked: i32) -> Result<usize, Status> {
    match usize::try_from(asked) {
        Ok(0) => Ok(MOST),
        Ok(size) => Ok(size.min(MOST)),
        Err(_) => Err(Status::field("page_size", format!("`{asked}` is negative"))),
    }
}

/// The key after which the page begins.
pub(crate) fn after(token: &str) -> Result<String, Status> {
    let decoded = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.ok_or_else(|| Status::field("page_token", "is not one that an earlier answer gave"))
}

/// A page that is being filled.
pub(crate) struct Page<T> {
    items: Vec<T>,
    size: usize,
    last: String,
    more: bool,
}

impl<T> Page<T> {
    pub(crate) fn new(size: usize) -> Page<T> {
        Page { items: Vec::new(), size, last: String::new(), more: false }
    }

    /// Takes an item; false when the page is full and there is at least this one more.
    pub(crate) fn take(&mut self, key: &str, item: T) -> bool {
        if self.items.len() == self.size {
            self.more = true;
            return false;
        }
        key.clone_into(&mut self.last);
        self.items.push(item);
        true
    }

    /// The items, and the token of the next page; empty when there is none.
    pub(crate) fn done(self) -> (Vec<T>, String) {
        let token = if self.more { URL_SAFE_NO_PAD.encode(self.last) } else { String::new() };
        (self.items, token)
    }
}
