//! Pages of lists: a token says behind what the next page begins, a key or a number that nothing else ever gets.
//!
//! That is why pages fit together whatever is made and removed meanwhile: nothing is answered twice, and nothing that
//! is there all the time is left out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::wire::Status;

/// What a page holds when nobody says how much, and at most: as Google says of lists whose sizes it documents.
const USUAL: usize = 100;
const MOST: usize = 1000;
/// Documents that are looked at together, at least (behind a filter) and at most.
const BATCH: (usize, usize) = (64, 512);

/// The wished size of a page.
pub(crate) fn size(asked: i32) -> Result<usize, Status> {
    match usize::try_from(asked) {
        Ok(0) => Ok(USUAL),
        Ok(size) => Ok(size.min(MOST)),
        Err(_) => Err(Status::field("page_size", format!("`{asked}` is negative"))),
    }
}

/// The key after which the page begins.
pub(crate) fn after(token: &str) -> Result<String, Status> {
    let decoded = URL_SAFE_NO_PAD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.ok_or_else(foreign)
}

/// The number before which the page begins, of lists that are newest first.
pub(crate) fn before(token: &str) -> Result<Option<u64>, Status> {
    match after(token)?.as_str() {
        "" => Ok(None),
        number => number.parse().map(Some).map_err(|_| foreign()),
    }
}

fn foreign() -> Status {
    Status::field("page_token", "is not one that an earlier answer gave")
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

    /// How many documents to look at next: those that are missing and the one that tells of a next page, or more where
    /// a filter leaves many out.
    pub(crate) fn batch(&self, filtered: bool) -> u32 {
        let least = if filtered { BATCH.0 } else { 1 };
        (self.size - self.items.len() + 1).clamp(least, BATCH.1) as u32
    }

    /// Takes an item; false when the page is full and there is at least this one more.
    pub(crate) fn take(&mut self, place: &str, item: T) -> bool {
        if self.items.len() == self.size {
            self.more = true;
            return false;
        }
        place.clone_into(&mut self.last);
        self.items.push(item);
        true
    }

    /// The items, and the token of the next page; empty when there is none.
    pub(crate) fn done(self) -> (Vec<T>, String) {
        let token = if self.more { URL_SAFE_NO_PAD.encode(self.last) } else { String::new() };
        (self.items, token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_says_where_the_next_one_begins_and_the_last_one_says_nothing() {
        let mut page = Page::new(size(2).unwrap());
        assert!(page.take("9", 'a') && page.take("7", 'b') && !page.take("5", 'c'));
        let (items, token) = page.done();
        assert_eq!((items, before(&token)), (vec!['a', 'b'], Ok(Some(7))));
        let mut page = Page::new(2);
        assert!(page.take("5", 'c'));
        assert_eq!(page.done(), (vec!['c'], String::new()));
        assert_eq!((before(""), after("")), (Ok(None), Ok(String::new())));
    }

    #[test]
    fn sizes_and_tokens_that_make_no_sense_are_refused() {
        assert_eq!((size(0), size(5000)), (Ok(100), Ok(1000)));
        assert!(size(-1).is_err() && after("%%").is_err());
        assert!(before(&URL_SAFE_NO_PAD.encode("p/r/name")).is_err(), "a token of another list");
    }

    #[test]
    fn a_batch_is_what_a_page_needs_within_bounds() {
        assert_eq!([1, 100, 1000].map(|size| Page::<()>::new(size).batch(true)), [64, 101, 512]);
        assert_eq!([1, 100, 1000].map(|size| Page::<()>::new(size).batch(false)), [2, 101, 512]);
    }
}
