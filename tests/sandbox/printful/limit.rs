//! Printful's rate limit: so many requests in a fixed window of a minute, then a minute of 429 for everything.

/// One token's window. Times are milliseconds since 1970.
#[derive(Debug, Default)]
pub(crate) struct Window {
    began: i64,
    seen: u32,
    blocked_until: i64,
    /// How many requests were over the limit.
    pub refused: u32,
}

const MINUTE: i64 = 60_000;

impl Window {
    /// Counts a request at `now`. Over `limit`: the seconds until requests are let through again (at least 1).
    pub fn admit(&mut self, now: i64, limit: u32) -> Result<(), u64> {
        if now < self.blocked_until {
            self.refused += 1;
            return Err(seconds(self.blocked_until - now));
        }
        if now - self.began >= MINUTE {
            (self.began, self.seen) = (now, 0);
        }
        if self.seen >= limit {
            self.refused += 1;
            self.blocked_until = now + MINUTE;
            (self.began, self.seen) = (self.blocked_until, 0);
            return Err(seconds(MINUTE));
        }
        self.seen += 1;
        Ok(())
    }
}

fn seconds(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0).div_ceil(1_000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_window_then_a_minute_of_refusals() {
        let mut window = Window::default();
        for second in 0..3 {
            assert_eq!(window.admit(1_000_000 + second * 1_000, 3), Ok(()));
        }
        assert_eq!(window.admit(1_003_000, 3), Err(60));
        assert_eq!(window.admit(1_033_000, 3), Err(30), "the minute counts from the refusal");
        assert_eq!(window.admit(1_063_000, 3), Ok(()));
        assert_eq!(window.admit(1_123_000, 3), Ok(()), "a new window");
    }
}
