//! The mask under which this process makes files, for what runs on its behalf.

use caddis_types::Umask;

/// Ours. The kernel tells it without changing it, which `umask(2)` cannot.
pub fn own() -> Umask {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    of(&status).unwrap_or_default()
}

fn of(status: &str) -> Option<Umask> {
    let text = status.lines().find_map(|line| line.strip_prefix("Umask:"))?;
    u32::from_str_radix(text.trim(), 8).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_line_is_octal() {
        assert_eq!(of("Name:\tcaddis\nUmask:\t0027\nState:\tR\n").map(Umask::bits), Some(0o027));
        assert_eq!(of("Name:\tcaddis\n"), None);
    }
}
