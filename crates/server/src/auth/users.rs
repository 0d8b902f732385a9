//! Names of users, from the machine's own list.

/// The name of a user, or `uid-N` for one that is not in `/etc/passwd`.
pub(crate) fn name_of(uid: u32) -> String {
    let list = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    find(&list, uid).unwrap_or_else(|| format!("uid-{uid}"))
}

fn find(list: &str, uid: u32) -> Option<String> {
    list.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_third_field_counts() {
        let list = "root:x:0:0:root:/root:/bin/sh\n:x:7::\nbroken\nalice:x:1000:0:,:/home:/bin/sh\n";
        assert_eq!(find(list, 1000).as_deref(), Some("alice"));
        assert_eq!(find(list, 0).as_deref(), Some("root"));
        assert_eq!(find(list, 7), None);
        assert_eq!(name_of(4_000_000_000), "uid-4000000000");
    }
}
