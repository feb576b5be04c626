//! Webhooks on their way to the door: in the background with a provider's retries ([`Deliveries::send`]), or once with
//! the status told ([`Deliveries::once`]).

use crate::{Ctx, clock, lock};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use reqwest::Url;
use serde::Serialize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// One webhook, signed and ready.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// `shopify`, `printful`, …
    pub source: String,
    /// The provider's name for what happened, `orders/paid`.
    pub topic: String,
    /// Below the door's base URL, `webhooks/shopify`; or a whole URL, where a subscription names one.
    pub path: String,
    /// Names as the provider writes them.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// What became of a delivery, as `GET /_sandbox/deliveries` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Sent {
    pub time: String,
    pub source: String,
    pub topic: String,
    /// HTTP status of each attempt; 0 where no answer came.
    pub statuses: Vec<u16>,
    /// It never left: one of those that the provider loses, see `POST /_sandbox/shopify/drop`.
    pub lost: bool,
    pub bytes: usize,
}

#[derive(Debug)]
pub struct Deliveries {
    client: reqwest::Client,
    /// Pauses before the second, third, … attempt.
    retry_ms: Vec<u64>,
    pending: AtomicUsize,
    log: Mutex<Vec<Sent>>,
}

/// Shopify waits five seconds for an answer; the emulator's first start of a function may take most of it.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// The machine the sandbox runs on.
const HERE: [&str; 2] = ["127.0.0.1", "localhost"];
/// Oldest entries are dropped beyond this many, so that a long load run does not grow for ever.
const LOG_ENTRIES: usize = 20_000;

impl Deliveries {
    pub(crate) fn new(retry_ms: Vec<u64>) -> Self {
        Self {
            client: reqwest::Client::builder()
                .timeout(ANSWER_WITHIN)
                .redirect(reqwest::redirect::Policy::none())
                .no_proxy()
                .build()
                .unwrap_or_default(),
            retry_ms,
            pending: AtomicUsize::new(0),
            log: Mutex::new(Vec::new()),
        }
    }

    /// Deliveries that are still being tried.
    pub fn pending(&self) -> usize {
        self.pending.load(Ordering::SeqCst)
    }

    /// What was delivered, oldest first.
    pub fn list(&self) -> Vec<Sent> {
        lock(&self.log).clone()
    }

    pub fn clear(&self) {
        lock(&self.log).clear();
    }

    /// Delivers in the background, again after each answer that is not 2xx until the pauses are used up. Where no door
    /// is known yet an attempt fails like a refused connection.
    pub fn send(&self, ctx: &Ctx, delivery: Delivery) {
        self.send_watched(ctx, delivery, |_| true);
    }

    /// The same; `watch` hears the status of each attempt (0: no answer) and says whether it may be tried again. The task ends
    /// when the delivery is over.
    pub fn send_watched(
        &self,
        ctx: &Ctx,
        delivery: Delivery,
        watch: impl Fn(u16) -> bool + Send + 'static,
    ) -> tokio::task::JoinHandle<()> {
        self.pending.fetch_add(1, Ordering::SeqCst);
        let ctx = ctx.clone();
        tokio::spawn(async move {
            let deliveries = &ctx.deliveries;
            let mut statuses = Vec::new();
            for attempt in 0..=deliveries.retry_ms.len() {
                if attempt > 0 {
                    clock::sleep_ms(deliveries.retry_ms.get(attempt - 1).copied().unwrap_or(0)).await;
                }
                let status = deliveries.attempt(&ctx, &delivery).await;
                statuses.push(status);
                if !watch(status) || (200..300).contains(&status) {
                    break;
                }
            }
            if !statuses.last().is_some_and(|status| (200..300).contains(status)) {
                eprintln!("sandbox: gave up delivering {} {}: {statuses:?}", delivery.source, delivery.topic);
            }
            deliveries.remember(&delivery, statuses, false);
            deliveries.pending.fetch_sub(1, Ordering::SeqCst);
        })
    }

    /// Delivers once and tells the status; 0 where no answer came.
    pub async fn once(&self, ctx: &Ctx, delivery: &Delivery) -> u16 {
        let status = self.attempt(ctx, delivery).await;
        self.remember(delivery, vec![status], false);
        status
    }

    /// Notes a delivery that the provider lost before it left.
    pub fn lose(&self, delivery: &Delivery) {
        self.remember(delivery, vec![0], true);
    }

    async fn attempt(&self, ctx: &Ctx, delivery: &Delivery) -> u16 {
        let Some(url) = target(ctx, &delivery.path) else { return 0 };
        let mut headers = HeaderMap::new();
        for (name, value) in &delivery.headers {
            match (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value)) {
                (Ok(name), Ok(value)) => {
                    headers.append(name, value);
                }
                _ => eprintln!("sandbox: a header named {name:?} cannot be sent and is left out"),
            }
        }
        let request = self.client.post(url).headers(headers).body(delivery.body.clone());
        match request.send().await {
            Ok(response) => response.status().as_u16(),
            Err(_) => 0,
        }
    }

    fn remember(&self, delivery: &Delivery, statuses: Vec<u16>, lost: bool) {
        let mut log = lock(&self.log);
        if log.len() >= LOG_ENTRIES {
            log.drain(..LOG_ENTRIES / 2);
        }
        log.push(Sent {
            time: clock::now_rfc3339(),
            source: delivery.source.clone(),
            topic: delivery.topic.clone(),
            statuses,
            lost,
            bytes: delivery.body.len(),
        });
    }
}

/// Where a delivery goes. There is no network behind the sandbox: an address on another machine is the door's public one, whose
/// path counts; none where no door is known.
fn target(ctx: &Ctx, address: &str) -> Option<String> {
    let path = match Url::parse(address) {
        Ok(url) if url.host_str().is_some_and(|host| HERE.contains(&host)) => return Some(url.into()),
        Ok(url) => url.path().trim_start_matches('/').to_owned(),
        Err(_) => address.to_owned(),
    };
    Some(format!("{}{path}", ctx.live().intake_url?))
}

/// HMAC-SHA256, which Shopify prints in base64 and Printful in hex.
pub fn hmac_sha256(key: &[u8], body: &[u8]) -> Vec<u8> {
    use hmac::{KeyInit as _, Mac as _};
    // A key of any length is allowed; the error type only exists for other MACs.
    hmac::Hmac::<sha2::Sha256>::new_from_slice(key)
        .map(|mac| mac.chain_update(body).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}
