//! Faults armed through `POST /_sandbox/faults`, and the gate that every provider's handler passes: [`Faults::run`].

use crate::serve::Abort;
use crate::{Ctx, clock, lock};
use axum::response::Response;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Mutex;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A refusal in the provider's shape; nothing happened.
    Refuse,
    /// A server error in the provider's shape; nothing happened.
    #[serde(rename = "5xx")]
    ServerError,
    /// Too many requests in the provider's shape; nothing happened.
    #[serde(rename = "429")]
    TooMany,
    /// No answer for `seconds` (default 30), then the connection ends; nothing happened.
    Hang,
    /// It happens, and the connection ends without an answer (after `seconds`, default at once).
    LostAnswer,
    /// The connection is reset; nothing happened.
    Reset,
    /// The calling process dies; nothing happened.
    KillBefore,
    /// It happens, then the calling process dies.
    KillAfter,
}

impl Fault {
    pub const ALL: [Self; 8] = [
        Self::Refuse,
        Self::ServerError,
        Self::TooMany,
        Self::Hang,
        Self::LostAnswer,
        Self::Reset,
        Self::KillBefore,
        Self::KillAfter,
    ];
}

/// One entry of the body of `POST /_sandbox/faults`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    pub provider: String,
    /// As `GET /_sandbox/operations` lists it, or `*` for any of that provider.
    pub operation: String,
    pub fault: Fault,
    /// How many requests meet it; absent: one, or as many as come within `seconds`.
    pub times: Option<u32>,
    /// How many matching requests pass before the first one meets it.
    #[serde(default)]
    pub skip: u32,
    /// For `hang` and `lost_answer` with `times`: how long the connection is held. For `refuse`, `5xx`, `429` and
    /// `hang` without `times`: how long the fault lasts.
    pub seconds: Option<u32>,
}

/// An armed fault as `GET /_sandbox/faults` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Armed {
    pub provider: String,
    pub operation: String,
    pub fault: Fault,
    /// Requests still to meet it; null while it lasts by time.
    pub left: Option<u32>,
    /// Milliseconds since 1970 at which it ends by time.
    pub until_ms: Option<i64>,
    pub hold_seconds: Option<u32>,
    /// Matching requests that still pass.
    pub skip: u32,
    /// Requests that met it.
    pub fired: u32,
    /// The functions that a `kill_…` hit.
    pub killed: Vec<String>,
    /// Why a `kill_…` hit nobody.
    pub problems: Vec<String>,
}

/// How a provider words an armed refusal; see [`Faults::run`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    Refuse,
    ServerError,
    TooMany,
}

#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Armed>>);

/// How long `hang` holds when nothing is said.
const HOLD_SECONDS: u32 = 30;

impl Faults {
    /// Arms faults, after those already armed: for one operation they fire in the order they were armed.
    pub fn arm(&self, arms: Vec<Arm>) {
        let now = clock::epoch_millis();
        lock(&self.0).extend(arms.into_iter().map(|arm| {
            let lasts = matches!(arm.fault, Fault::Refuse | Fault::ServerError | Fault::TooMany | Fault::Hang);
            let by_time = arm.seconds.filter(|_| arm.times.is_none() && lasts);
            Armed {
                provider: arm.provider,
                operation: arm.operation,
                fault: arm.fault,
                left: if by_time.is_some() { None } else { Some(arm.times.unwrap_or(1)) },
                until_ms: by_time.map(|seconds| now + i64::from(seconds) * 1_000),
                hold_seconds: if by_time.is_some() { None } else { arm.seconds },
                skip: arm.skip,
                fired: 0,
                killed: Vec::new(),
                problems: Vec::new(),
            }
        }));
    }

    /// Everything armed since the last clear, used up or not.
    pub fn list(&self) -> Vec<Armed> {
        lock(&self.0).clone()
    }

    pub fn clear(&self) {
        lock(&self.0).clear();
    }

    /// The first fault armed for one of these operations, counted as met.
    fn take(&self, provider: &str, operations: &[&str]) -> Option<(usize, Armed)> {
        let now = clock::epoch_millis();
        let mut armed = lock(&self.0);
        let matching = armed.iter_mut().enumerate().filter(|(_, fault)| {
            fault.provider == provider
                && (fault.operation == "*" || operations.contains(&fault.operation.as_str()))
                && fault.left != Some(0)
                && fault.until_ms.is_none_or(|until| now < until)
        });
        let (index, fault) = matching
            .filter_map(|(index, fault)| {
                // A fault that lets requests pass counts each of them, whichever fault meets it in the end.
                let passes = fault.skip > 0;
                fault.skip = fault.skip.saturating_sub(1);
                (!passes).then_some((index, fault))
            })
            .next()?;
        fault.left = fault.left.map(|left| left - 1);
        fault.fired += 1;
        Some((index, fault.clone()))
    }

    /// Runs one provider request under whatever is armed for it.
    ///
    /// `refusal` words the provider's own refusal, server error and 429 (with its `Retry-After`); `act` is the real
    /// handler. `act` runs to its end even when the caller leaves meanwhile, as a real server would. Waiting for
    /// `hang` is on the caller's connection only.
    pub async fn run<F, Act>(
        &self,
        ctx: &Ctx,
        provider: &str,
        operations: &[&str],
        peer: SocketAddr,
        refusal: impl Fn(Refusal) -> Response,
        act: F,
    ) -> Response
    where
        F: FnOnce() -> Act,
        Act: Future<Output = Response> + Send + 'static,
    {
        let Some((index, fault)) = self.take(provider, operations) else {
            return finish(act()).await;
        };
        match fault.fault {
            Fault::Refuse => refusal(Refusal::Refuse),
            Fault::ServerError => refusal(Refusal::ServerError),
            Fault::TooMany => refusal(Refusal::TooMany),
            Fault::Hang => {
                hold(fault.hold_seconds.unwrap_or(HOLD_SECONDS)).await;
                Abort { reset: false }.response()
            }
            Fault::LostAnswer => {
                drop(finish(act()).await);
                hold(fault.hold_seconds.unwrap_or(0)).await;
                Abort { reset: false }.response()
            }
            Fault::Reset => Abort { reset: true }.response(),
            Fault::KillBefore => {
                self.crash(ctx, index, peer);
                Abort { reset: true }.response()
            }
            Fault::KillAfter => {
                drop(finish(act()).await);
                self.crash(ctx, index, peer);
                Abort { reset: true }.response()
            }
        }
    }

    fn crash(&self, ctx: &Ctx, index: usize, peer: SocketAddr) {
        let outcome = ctx.crash.crash(peer);
        if let Err(problem) = &outcome {
            eprintln!("sandbox: an armed kill hit nobody: {problem}");
        }
        let mut armed = lock(&self.0);
        let Some(fault) = armed.get_mut(index) else { return };
        match outcome {
            Ok(function) => fault.killed.push(function),
            Err(problem) => fault.problems.push(problem),
        }
    }
}

async fn hold(seconds: u32) {
    clock::sleep_ms(u64::from(seconds) * 1_000).await;
}

/// Runs the handler on a task of its own, so that a caller who leaves does not undo what is under way.
async fn finish(act: impl Future<Output = Response> + Send + 'static) -> Response {
    match tokio::spawn(act).await {
        Ok(response) => response,
        Err(error) => {
            let mut response = Response::new(axum::body::Body::from(format!("the sandbox's handler failed: {error}")));
            *response.status_mut() = axum::http::StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    }
}
