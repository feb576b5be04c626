//! The death of the process that is at work: whoever saw its call pulls the trigger, and the driver drops the work.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sandbox::CrashCaller;
use tokio::sync::Notify;

#[derive(Clone, Default)]
pub struct Crash(Arc<Shared>);

#[derive(Default)]
struct Shared {
    died: AtomicBool,
    notify: Notify,
}

impl Crash {
    /// A new process begins.
    pub fn arm(&self) {
        self.0.died.store(false, Ordering::SeqCst);
    }

    /// The process dies now.
    pub fn now(&self) {
        self.0.died.store(true, Ordering::SeqCst);
        self.0.notify.notify_waiters();
    }

    /// Ends when the process dies.
    pub async fn happened(&self) {
        loop {
            let notified = self.0.notify.notified();
            if self.0.died.load(Ordering::SeqCst) {
                return;
            }
            notified.await;
        }
    }
}

impl CrashCaller for Crash {
    fn crash(&self, _peer: SocketAddr) -> Result<String, String> {
        self.now();
        Ok("this one".to_owned())
    }
}
