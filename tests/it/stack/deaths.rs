//! Counts the function processes of one stack that end while it watches: from outside, by what the kernel shows.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Watches until [`Deaths::count`].
pub struct Deaths {
    stop: Arc<AtomicBool>,
    watcher: JoinHandle<BTreeMap<String, u32>>,
}

const EVERY: Duration = Duration::from_millis(10);

impl Deaths {
    /// Watches the processes called `bootstrap` whose AWS calls go to one of these addresses.
    pub fn watch(endpoints: Vec<String>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let watcher = std::thread::spawn(move || {
            let mut known: BTreeMap<i32, Option<String>> = BTreeMap::new();
            let mut dead = BTreeMap::new();
            while !stopped.load(Ordering::SeqCst) {
                let now = processes();
                for gone in known.keys().copied().filter(|pid| !now.contains(pid)).collect::<Vec<_>>() {
                    if let Some(Some(function)) = known.remove(&gone) {
                        *dead.entry(function).or_default() += 1;
                    }
                }
                for pid in now {
                    // Not remembered while it is still what it was forked from.
                    if !known.contains_key(&pid)
                        && let Some(function) = function(pid, &endpoints)
                    {
                        known.insert(pid, Some(function));
                    }
                }
                std::thread::sleep(EVERY);
            }
            dead
        });
        Self { stop, watcher }
    }

    /// How many processes of each function ended.
    pub fn count(self) -> BTreeMap<String, u32> {
        self.stop.store(true, Ordering::SeqCst);
        self.watcher.join().unwrap()
    }
}

/// Every process that is not a zombie.
fn processes() -> Vec<i32> {
    let pids = fs::read_dir("/proc").unwrap().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| fs::read_link(format!("/proc/{pid}/exe")).is_ok()).collect()
}

/// The function that a process runs, if it is one of this stack's.
fn function(pid: i32, endpoints: &[String]) -> Option<String> {
    let executable = fs::read_link(format!("/proc/{pid}/exe")).ok()?;
    if executable.file_name()? != "bootstrap" {
        return None;
    }
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let environment = String::from_utf8_lossy(&environment);
    let value = |name: &str| environment.split('\0').find_map(|entry| entry.strip_prefix(name)?.strip_prefix('='));
    let ours = endpoints.iter().any(|endpoint| value("AWS_ENDPOINT_URL") == Some(endpoint));
    ours.then(|| value("AWS_LAMBDA_FUNCTION_NAME").map(str::to_owned)).flatten()
}
