//! Taking a `multipart/related` body of two parts apart as it comes: a small resource, then bytes of any length.
//!
//! Lines end as the first boundary's does, since gcsfs ends them without a carriage return: of `\r\n--x` the `\r` would
//! otherwise be the object's last byte, or not, by chance.

use crate::http::refusal::Refusal;

/// The most of everything before the second part's bytes.
const HEAD: usize = 1 << 20;

/// What separates parts.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::http) struct Boundary(Vec<u8>);

impl Boundary {
    /// The one that a content type names.
    pub(in crate::http) fn of(content_type: &str) -> Option<Boundary> {
        let (kind, parameters) = content_type.split_once(';')?;
        if !kind.trim().to_ascii_lowercase().starts_with("multipart/") {
            return None;
        }
        let at = parameters.to_ascii_lowercase().find("boundary=")?;
        let value = &parameters[at + "boundary=".len()..];
        let value = match value.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next()?,
            None => value.split(';').next()?.trim(),
        };
        (1..=200).contains(&value.len()).then(|| Boundary(format!("--{}", value.trim_matches('\'')).into_bytes()))
    }

    /// What stands before the next part: the line's end belongs to the boundary.
    fn mark(&self, line_end: &[u8]) -> Vec<u8> {
        [line_end, &self.0].concat()
    }

    pub(in crate::http) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

/// The first part, and what the second one is.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) resource: Vec<u8>,
    pub(super) content_type: Option<String>,
}

/// A body being taken apart.
pub(super) struct Split {
    boundary: Boundary,
    mark: Vec<u8>,
    held: Vec<u8>,
    ended: bool,
}

impl Split {
    pub(super) fn new(boundary: Boundary) -> Split {
        Split { boundary, mark: Vec::new(), held: Vec::new(), ended: false }
    }

    /// Takes a block until all before the bytes is there.
    pub(super) fn head(&mut self, block: &[u8]) -> Result<Option<Head>, Refusal> {
        self.held.extend_from_slice(block);
        match self.parse() {
            Some((head, bytes)) => {
                self.held.drain(..bytes);
                Ok(Some(head))
            }
            None if self.held.len() > HEAD => Err(Refusal::bad("the first part is larger than 1 MiB, or no part has its headers")),
            None => Ok(None),
        }
    }

    /// The head, and where the bytes begin.
    fn parse(&mut self) -> Option<(Head, usize)> {
        let held = &self.held;
        let first = find(held, self.boundary.bytes())? + self.boundary.bytes().len();
        let line_end: &[u8] = if held.get(first)? == &b'\r' { b"\r\n" } else { b"\n" };
        self.mark = self.boundary.mark(line_end);
        let blank = [line_end, line_end].concat();
        let resource = first + find(&held[first..], &blank)? + blank.len();
        let end = resource + find(&held[resource..], &self.mark)?;
        let headers = end + self.mark.len();
        let bytes = headers + find(&held[headers..], &blank)? + blank.len();
        let text = String::from_utf8_lossy(&held[headers..bytes]).into_owned();
        let kind = text.lines().filter_map(|line| line.split_once(':')).find(|(name, _)| name.trim().eq_ignore_ascii_case("content-type"));
        let content_type = kind.map(|(_, value)| value.trim().to_owned()).filter(|value| !value.is_empty());
        Some((Head { resource: held[resource..end].to_vec(), content_type }, bytes))
    }

    /// Takes a block; answers the object's bytes that are certain.
    pub(super) fn bytes(&mut self, block: &[u8]) -> Vec<u8> {
        self.held.extend_from_slice(block);
        if let Some(at) = find(&self.held, &self.mark) {
            self.ended = true;
            self.held.truncate(at);
            return std::mem::take(&mut self.held);
        }
        let certain = self.held.len().saturating_sub(self.mark.len() - 1);
        let rest = self.held.split_off(certain);
        std::mem::replace(&mut self.held, rest)
    }

    /// Whether the last boundary came.
    pub(super) fn ended(&self) -> bool {
        self.ended
    }
}

pub(in crate::http) fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = *wanted.first()?;
    let mut at = 0;
    while let Some(next) = text[at..].iter().position(|byte| *byte == first) {
        at += next;
        if text[at..].starts_with(wanted) {
            return Some(at);
        }
        at += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(content_type: &str, body: &[u8], block: usize) -> Option<(Vec<u8>, Option<String>, Vec<u8>)> {
        let mut split = Split::new(Boundary::of(content_type)?);
        let mut blocks = body.chunks(block);
        let head = loop {
            if let Some(head) = split.head(blocks.next()?).ok()? {
                break head;
            }
        };
        let mut bytes = split.bytes(&[]);
        for block in blocks {
            if !split.ended() {
                bytes.extend(split.bytes(block));
            }
        }
        split.ended().then_some((head.resource, head.content_type, bytes))
    }

    #[test]
    fn bodies_are_taken_apart_at_any_block_size() {
        let crlf = b"--x y\r\nContent-Type: application/json\r\n\r\n{\"name\":\"a\"}\r\n--x y\r\ncontent-type: text/csv\r\n\r\n1\r\n--x\n\r\r\n--x y--\r\n";
        let lf = b"--x y\nContent-Type: application/json\n\n{\"name\":\"a\"}\n--x y\nContent-Type: text/csv\n\nends with\r\n--x y--";
        for block in 1..60 {
            let (resource, kind, bytes) = taken("multipart/related; boundary=\"x y\"", crlf, block).expect("taken");
            assert_eq!((resource.as_slice(), kind.as_deref(), bytes.as_slice()), (&b"{\"name\":\"a\"}"[..], Some("text/csv"), &b"1\r\n--x\n\r"[..]));
            let (_, _, bytes) = taken("multipart/related; BOUNDARY='x y'", lf, block).expect("taken");
            assert_eq!(bytes, b"ends with\r");
        }
        assert!(taken("multipart/related; boundary=\"x y\"", &crlf[..crlf.len() - 8], 7).is_none(), "cut");
    }

    #[test]
    fn only_a_boundary_is_one() {
        for bad in ["", "multipart/related", "text/plain; boundary=x", "multipart/related; boundary=", "multipart/related; boundary=\"\""] {
            assert_eq!(Boundary::of(bad), None, "{bad}");
        }
        let mut split = Split::new(Boundary::of("multipart/related; boundary=x").unwrap());
        assert!(split.head(&vec![b'a'; HEAD + 1]).is_err());
    }
}
