//! Lists of objects: by prefix, folded at a delimiter, page by page.

use std::ops::Bound;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::room::Objects;
use super::{Object, Store, StoreError};
use crate::glob::Glob;

/// The most that one page holds, as Google limits it.
pub(crate) const MOST: usize = 1000;

/// Which objects.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// Names start so.
    pub prefix: String,
    /// What is behind it, after the prefix, is folded into one prefix.
    pub delimiter: String,
    /// Names from this one on.
    pub start: String,
    /// Names before this one; empty means all.
    pub end: String,
    /// Whether objects whose names end with the delimiter are told beside their prefix.
    pub trailing: bool,
    /// Names are like this.
    pub glob: Option<Glob>,
    /// The most of objects and prefixes together.
    pub limit: usize,
    /// Where the page before ended.
    pub after: Option<Cursor>,
}

/// One page.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Objects by name.
    pub objects: Vec<Arc<Object>>,
    /// Prefixes by name.
    pub prefixes: Vec<String>,
    /// Where the next page begins, when there is one.
    pub next: Option<Cursor>,
}

/// Between two names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    from: Vec<u8>,
    /// Whether `from` itself is behind it.
    inclusive: bool,
}

impl Cursor {
    /// As a page token.
    pub fn token(&self) -> String {
        let mut bytes = vec![u8::from(self.inclusive)];
        bytes.extend(&self.from);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// What [`Cursor::token`] wrote.
    pub fn parse(token: &str) -> Option<Cursor> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (first, from) = bytes.split_first()?;
        (*first < 2).then(|| Cursor { from: from.to_vec(), inclusive: *first == 1 })
    }

    fn at(from: &str) -> Cursor {
        Cursor { from: from.as_bytes().to_vec(), inclusive: true }
    }

    fn bound(&self) -> Bound<&[u8]> {
        if self.inclusive { Bound::Included(&self.from) } else { Bound::Excluded(&self.from) }
    }

    fn behind(self, other: Cursor) -> Cursor {
        let key = |cursor: &Cursor| (cursor.from.clone(), !cursor.inclusive);
        if key(&other) > key(&self) { other } else { self }
    }
}

impl Store {
    /// A page of a bucket's objects.
    pub fn page(&self, bucket: &str, listing: &Listing) -> Result<Page, StoreError> {
        let room = self.room(bucket)?;
        let open = room.open()?;
        Ok(page(open.objects(), listing))
    }
}

fn page(objects: &Objects, listing: &Listing) -> Page {
    let limit = if listing.limit == 0 { MOST } else { listing.limit.min(MOST) };
    let mut page = Page::default();
    let mut from = Cursor::at(&listing.prefix).behind(Cursor::at(&listing.start));
    if let Some(after) = &listing.after {
        from = from.behind(after.clone());
    }
    while let Some((name, object)) = objects.range::<[u8], _>((from.bound(), Bound::Unbounded)).next() {
        if !name.starts_with(listing.prefix.as_bytes()) || (!listing.end.is_empty() && name.as_slice() >= listing.end.as_bytes()) {
            break;
        }
        let like = listing.glob.as_ref().is_none_or(|glob| glob.matches(&object.name));
        let folded = fold(&object.name, listing);
        if like && page.objects.len() + page.prefixes.len() >= limit {
            page.next = Some(from);
            break;
        }
        from = match folded {
            // A pattern may not fit this one and fit another one below the same prefix.
            Some(_) if !like => Cursor { from: name.clone(), inclusive: false },
            Some(prefix) => {
                if listing.trailing && prefix == object.name {
                    page.objects.push(Arc::clone(object));
                }
                page.prefixes.push(prefix.to_owned());
                Cursor { from: successor(prefix), inclusive: true }
            }
            None => {
                if like {
                    page.objects.push(Arc::clone(object));
                }
                Cursor { from: name.clone(), inclusive: false }
            }
        };
    }
    page
}

/// The prefix into which a name is folded, if it is.
fn fold<'a>(name: &'a str, listing: &Listing) -> Option<&'a str> {
    if listing.delimiter.is_empty() {
        return None;
    }
    let at = name[listing.prefix.len()..].find(&listing.delimiter)?;
    Some(&name[..listing.prefix.len() + at + listing.delimiter.len()])
}

/// The first name that does not start so. UTF-8 has no byte that could not be counted up.
fn successor(prefix: &str) -> Vec<u8> {
    let mut bytes = prefix.as_bytes().to_vec();
    if let Some(last) = bytes.last_mut() {
        *last += 1;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::object;

    fn objects(names: &[&str]) -> Objects {
        names.iter().map(|name| (name.as_bytes().to_vec(), Arc::new(object(name)))).collect()
    }

    fn all(objects: &Objects, listing: &Listing) -> (Vec<String>, Vec<String>) {
        let (mut names, mut prefixes, mut listing) = (Vec::new(), Vec::new(), listing.clone());
        loop {
            let page = page(objects, &listing);
            assert!(page.objects.len() + page.prefixes.len() <= listing.limit.max(1) * 2);
            names.extend(page.objects.iter().map(|object| object.name.clone()));
            prefixes.extend(page.prefixes);
            match page.next {
                Some(next) => listing.after = Some(Cursor::parse(&next.token()).expect("our own token")),
                None => return (names, prefixes),
            }
        }
    }

    #[test]
    fn folders_are_folded() {
        let objects = objects(&["a", "b/", "b/c", "b/d/e", "b/d/f", "c/x", "ä/ö"]);
        let listing = |prefix: &str, trailing| Listing { prefix: prefix.into(), delimiter: "/".into(), trailing, limit: 2, ..Listing::default() };
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        assert_eq!(all(&objects, &listing("", false)), (texts(&["a"]), texts(&["b/", "c/", "ä/"])));
        assert_eq!(all(&objects, &listing("", true)), (texts(&["a", "b/"]), texts(&["b/", "c/", "ä/"])));
        assert_eq!(all(&objects, &listing("b/", false)), (texts(&["b/", "b/c"]), texts(&["b/d/"])));
        assert_eq!(all(&objects, &listing("b/d", false)), (vec![], texts(&["b/d/"])));
        let window = Listing { start: "b/c".into(), end: "b/d/f".into(), limit: 9, ..Listing::default() };
        assert_eq!(all(&objects, &window).0, texts(&["b/c", "b/d/e"]));
    }

    proptest! {
        #[test]
        fn pages_of_any_size_hold_what_a_plain_search_finds(
            names in proptest::collection::btree_set("[ab/]{1,5}", 0..30), prefix in "[ab/]{0,2}", limit in 1_usize..5,
            delimiter in prop_oneof![Just(""), Just("/"), Just("b/")],
        ) {
            let refs: Vec<&str> = names.iter().map(String::as_str).collect();
            let listing = Listing { prefix: prefix.clone(), delimiter: delimiter.into(), limit, ..Listing::default() };
            let (found, prefixes) = all(&objects(&refs), &listing);
            let below = |name: &&String| name.starts_with(&prefix);
            let cut = |name: &String| match delimiter {
                "" => None,
                mark => name[prefix.len()..].find(mark).map(|at| name[..prefix.len() + at + mark.len()].to_owned()),
            };
            let plain: Vec<String> = names.iter().filter(below).filter(|name| cut(name).is_none()).cloned().collect();
            let folded: std::collections::BTreeSet<String> = names.iter().filter(below).filter_map(cut).collect();
            prop_assert_eq!(found, plain);
            prop_assert_eq!(prefixes, folded.into_iter().collect::<Vec<_>>());
        }
    }
}
