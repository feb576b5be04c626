//! Stand-ins for everybody Baton speaks to: a store (Shopify), production partners (Printful, Printify, Gelato, a workshop), a
//! payment provider (Stripe), tracking feeds (EasyPost, AfterShip, 17TRACK), receivers of alerts, Klaviyo, and AWS calls on their way to the emulator. Stateful
//! and strict: what the real provider would refuse is refused in its own words and kept for `GET /_sandbox/unexpected`.
//!
//! One process, two listeners on 127.0.0.1: the first for control (`/_sandbox/…`, see [`control`]), `/shopify/…`,
//! `/printful/…` and so on; the second is the proxy in front of AWS. [`Sandbox::start`] runs it inside a test, the binary
//! `sandbox` beside the local stack. Nothing is global: several can run in one process. How a partner more is played: [`partners`].

pub mod alerts;
pub mod aws;
pub mod clock;
pub mod config;
pub mod control;
pub mod crash;
pub mod deliver;
pub mod faults;
pub mod gelato;
pub mod klaviyo;
pub mod partners;
pub mod printful;
pub mod printify;
mod serve;
pub mod shopify;
pub mod stripe;
pub mod tracking;
pub mod unexpected;
pub mod workshop;

/// Every production partner that is played, one line each: the module, whose `NAME` is what all routes call it, its type, and what it
/// is told at its start (`<module>/config.rs`). Nothing else here knows a partner by name. The model to copy is [`workshop`].
macro_rules! with_partners {
    ($define:ident) => {
        $define! {
            printful => Printful, PrintfulConfig;
            printify => Printify, PrintifyConfig;
            gelato => Gelato, GelatoConfig;
            workshop => Workshop, WorkshopConfig;
        }
    };
}
use with_partners;

pub use config::Config;
pub use crash::{CrashCaller, ProcessKiller};

use anyhow::Context as _;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What every stand-in shares. Cloning is cheap; all clones are the same sandbox.
#[derive(Clone)]
pub struct Ctx(Arc<Shared>);

/// Behind [`Ctx`].
pub struct Shared {
    pub config: Config,
    /// What may change while running.
    pub live: Mutex<Live>,
    pub faults: faults::Faults,
    pub unexpected: unexpected::UnexpectedRequests,
    pub deliveries: deliver::Deliveries,
    pub crash: Arc<dyn CrashCaller>,
    ids: AtomicU64,
    /// What the providers' clocks show. Real time, but for tests that live in a time of their own.
    clock: Mutex<Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>>,
}

/// Settings that `PUT /_sandbox/config` changes.
#[derive(Clone, Debug)]
pub struct Live {
    /// The door, ending in `/`.
    pub intake_url: Option<String>,
    /// The door's address as the world knows it, ending in `/`, where that differs.
    pub public_url: Option<String>,
    /// Whether SES's events are published.
    pub ses_events: bool,
    /// Who hears of what happens in the store.
    pub shopify_subscriptions: config::Subscriptions,
}

impl std::ops::Deref for Ctx {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Ctx {
    fn new(config: Config, crash: Arc<dyn CrashCaller>) -> Self {
        let intake_url = config.intake_url.clone().map(|url| with_slash(&url));
        Self(Arc::new(Shared {
            deliveries: deliver::Deliveries::new(config.retry_ms.clone()),
            live: Mutex::new(Live {
                intake_url,
                public_url: None,
                ses_events: true,
                shopify_subscriptions: config.shopify.subscriptions,
            }),
            ids: AtomicU64::new(config.seed),
            clock: Mutex::new(Arc::new(clock::now)),
            config,
            faults: faults::Faults::default(),
            unexpected: unexpected::UnexpectedRequests::default(),
            crash,
        }))
    }

    /// The next number of the one counter behind all ids; never the same twice in one sandbox, a reset included.
    pub fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// What the providers' clocks show: what they stamp into answers and webhooks.
    pub fn now(&self) -> jiff::Timestamp {
        let now = lock(&self.clock).clone();
        now()
    }

    /// The same in RFC 3339, UTC, whole seconds: what `updatedAt` and bodies say.
    pub fn now_rfc3339(&self) -> String {
        clock::rfc3339(self.now())
    }

    /// The settings as they are now.
    pub fn live(&self) -> Live {
        lock(&self.live).clone()
    }
}

/// A base URL that paths can be appended to.
pub(crate) fn with_slash(url: &str) -> String {
    if url.ends_with('/') { url.to_owned() } else { format!("{url}/") }
}

/// Locks; a thread that panicked while holding it does not stop the others.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A running sandbox; it ends when dropped. It shows each partner by its name: `sandbox.workshop`.
pub struct Sandbox {
    pub ctx: Ctx,
    pub partners: partners::Every,
    pub shopify: shopify::Shopify,
    pub stripe: stripe::Stripe,
    pub tracking: tracking::Tracking,
    pub alerts: alerts::Alerts,
    pub klaviyo: klaviyo::Klaviyo,
    pub aws: aws::Aws,
    address: SocketAddr,
    aws_address: SocketAddr,
    tasks: tokio::task::JoinSet<()>,
}

impl std::ops::Deref for Sandbox {
    type Target = partners::Every;

    fn deref(&self) -> &partners::Every {
        &self.partners
    }
}

impl Sandbox {
    /// Binds both listeners and serves. Errors: a port that is taken, a specification that cannot be read.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        Self::start_with(config, Arc::new(ProcessKiller)).await
    }

    /// The same with another way to crash the caller, for tests that are the caller themselves.
    pub async fn start_with(config: Config, crash: Arc<dyn CrashCaller>) -> anyhow::Result<Self> {
        let (port, aws_port) = (config.port, config.aws_proxy_port);
        let ctx = Ctx::new(config, crash);
        let shopify = shopify::Shopify::new(ctx.clone())?;
        let stripe = stripe::Stripe::new(ctx.clone())?;
        let tracking = tracking::Tracking::new(&ctx);
        let alerts = alerts::Alerts::new(ctx.clone());
        let klaviyo = klaviyo::Klaviyo::new(ctx.clone())?;
        let partners = partners::Every::open(&ctx)?;
        let aws = aws::Aws::new(ctx.clone())?;

        let listener = bind(port).await?;
        let aws_listener = bind(aws_port).await?;
        let (address, aws_address) = (listener.local_addr()?, aws_listener.local_addr()?);

        let parts = control::Parts {
            ctx: ctx.clone(),
            shopify: shopify.clone(),
            stripe: stripe.clone(),
            partners: partners.control(),
            tracking: tracking.clone(),
            alerts: alerts.clone(),
            klaviyo: klaviyo.clone(),
            aws: aws.clone(),
        };
        let router = axum::Router::new()
            .nest("/shopify", shopify.router())
            .nest("/stripe", stripe.router())
            .merge(partners.router())
            .merge(tracking.router())
            .nest("/alerts", alerts.router())
            .nest("/klaviyo", klaviyo.router())
            .merge(control::router(parts));
        let mut tasks = tokio::task::JoinSet::new();
        tasks.spawn(serve::serve(listener, router));
        tasks.spawn(serve::serve(aws_listener, aws.proxy_router()));
        aws.start(&mut tasks);
        Ok(Self { ctx, partners, shopify, stripe, tracking, alerts, klaviyo, aws, address, aws_address, tasks })
    }

    /// `http://127.0.0.1:<port>`, without a slash: the contract's `sandbox_url`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// `http://127.0.0.1:<port>` of the proxy in front of AWS.
    pub fn aws_url(&self) -> String {
        format!("http://{}", self.aws_address)
    }

    /// Tells the sandbox where the door is.
    pub fn set_intake_url(&self, url: &str) {
        lock(&self.ctx.live).intake_url = Some(with_slash(url));
    }

    /// From now on providers stamp by this clock what they answer and tell. Where they check how old a request is, and how many there
    /// were in a second, most go on in real time.
    pub fn live_by(&self, now: impl Fn() -> jiff::Timestamp + Send + Sync + 'static) {
        *lock(&self.ctx.clock) = Arc::new(now);
    }

    /// Serves until a listener fails, which it does not in normal life.
    pub async fn wait(&mut self) {
        while self.tasks.join_next().await.is_some() {}
    }
}

async fn bind(port: u16) -> anyhow::Result<tokio::net::TcpListener> {
    tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await
        .with_context(|| format!("failed to listen on 127.0.0.1:{port}"))
}
