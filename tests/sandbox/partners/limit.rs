//! A rate limit of so many requests in a fixed window. Without the minute of silence that Printful adds.

/// One key's window. Times are milliseconds since 1970.
#[derive(Debug, Default)]
pub(crate) struct Window {
    began: i64,
    seen: u32,
}

impl Window {
    /// Counts a request at `now`. Over `limit` in `length_ms`: the seconds until the next window (at least 1).
    pub fn admit(&mut self, now: i64, limit: u32, length_ms: i64) -> Result<(), u64> {
        if now - self.began >= length_ms {
            (self.began, self.seen) = (now, 0);
        }
        if self.seen >= limit {
            let left = u64::try_from(length_ms - (now - self.began)).unwrap_or(0);
            return Err(left.div_ceil(1_000).max(1));
        }
        self.seen += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_window_opens_again() {
        let mut window = Window::default();
        assert_eq!(window.admit(1_000_000, 2, 60_000), Ok(()));
        assert_eq!(window.admit(1_030_000, 2, 60_000), Ok(()));
        assert_eq!(window.admit(1_045_000, 2, 60_000), Err(15));
        assert_eq!(window.admit(1_060_000, 2, 60_000), Ok(()));
    }
}
