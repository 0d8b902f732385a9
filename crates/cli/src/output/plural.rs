//! Numbers for people.

/// `1 task`, `1,204 tasks`.
pub fn count(number: u64, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(number))
}

/// `1,204`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `4`, or `2..10`.
pub fn range(min: u32, max: u32) -> String {
    if min == max { min.to_string() } else { format!("{min}..{max}") }
}

/// `1 worker`, `2..10 workers`.
pub fn workers(min: u32, max: u32) -> String {
    if min == max { count(min.into(), "worker") } else { format!("{} workers", range(min, max)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_told_apart() {
        assert_eq!(count(1, "task"), "1 task");
        assert_eq!(count(1_234_567, "task"), "1,234,567 tasks");
        assert_eq!(grouped(999), "999");
        assert_eq!((range(2, 2), range(0, 3)), ("2".to_owned(), "0..3".to_owned()));
    }
}
