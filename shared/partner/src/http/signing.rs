//! The contract's signature, the same in both directions: HMAC-SHA256 of `<timestamp>.<method>.<path>.<body>`.

/// Whole seconds since 1970.
#[cfg(feature = "orders")]
pub(super) const TIMESTAMP: &str = "Baton-Timestamp";
/// `v1=<hex>`, several separated by commas.
#[cfg(feature = "orders")]
pub(super) const SIGNATURE: &str = "Baton-Signature";

/// What is signed.
pub(super) struct Message<'m> {
    pub timestamp: &'m str,
    pub method: &'m str,
    /// What follows the address the receiver has given, with its slash and its query.
    pub path: &'m str,
    pub body: &'m [u8],
}

impl Message<'_> {
    fn parts(&self) -> [&[u8]; 7] {
        [self.timestamp.as_bytes(), b".", self.method.as_bytes(), b".", self.path.as_bytes(), b".", self.body]
    }

    /// The header's value.
    #[cfg(feature = "orders")]
    pub fn sign(&self, key: &str) -> String {
        format!("v1={}", crate::signature::hex(key.as_bytes(), &self.parts()))
    }

    /// Whether one of the header's signatures fits under one of the keys.
    #[cfg(feature = "door")]
    pub fn fits(&self, keys: &[Vec<u8>], header: &str) -> bool {
        let given = header.split(',').filter_map(|one| hex::decode(one.trim().strip_prefix("v1=")?).ok());
        given.fold(false, |fits, given| crate::signature::fits(keys, &self.parts(), &given) | fits)
    }
}

#[cfg(all(test, feature = "orders", feature = "door"))]
mod tests {
    use super::*;

    /// The table of the contract's page.
    #[test]
    fn the_examples_of_the_page_are_true() {
        let page = include_str!("README.md");
        let rows = page.lines().filter(|line| line.contains("| `1795"));
        let mut checked = 0;
        for row in rows {
            let cells: Vec<&str> =
                row.trim_matches('|').split(" | ").map(|cell| cell.trim().trim_matches('`')).collect();
            let [key, timestamp, method, path, body, signature] = cells.as_slice() else { panic!("{row}") };
            let message = Message { timestamp, method, path, body: body.as_bytes() };
            assert_eq!(message.sign(key), format!("v1={signature}"), "{row}");
            let keys = [key.as_bytes().to_vec()];
            assert!(message.fits(&keys, &format!("v1=00,v1={signature}")));
            assert!(!Message { path: "/elsewhere", ..message }.fits(&keys, &format!("v1={signature}")));
            checked += 1;
        }
        assert_eq!(checked, 3, "the page's table");
    }
}
