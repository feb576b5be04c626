//! Which function a call comes from: the peer's process, then its environment.

use crate::{crash, lock};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Mutex;

/// Remembered per connection; a connection belongs to one process.
#[derive(Debug, Default)]
pub(crate) struct Callers(Mutex<BTreeMap<SocketAddr, Option<String>>>);

/// Beyond this many connections the oldest knowledge is thrown away.
const REMEMBERED: usize = 4_096;

impl Callers {
    /// The function's name, where the caller is one.
    pub async fn function(&self, peer: SocketAddr) -> Option<String> {
        if let Some(known) = lock(&self.0).get(&peer) {
            return known.clone();
        }
        let found = tokio::task::spawn_blocking(move || look_up(peer)).await.unwrap_or_default();
        let mut known = lock(&self.0);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(peer, found.clone());
        found
    }

    pub fn clear(&self) {
        lock(&self.0).clear();
    }
}

fn look_up(peer: SocketAddr) -> Option<String> {
    let inode = crash::socket_inode(peer)?;
    crash::owners(inode).into_iter().find_map(|pid| crash::environment(pid, crash::FUNCTION_NAME))
}
