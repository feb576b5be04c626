//! Klaviyo, for the flows that the owner leaves to it: our events become its events, and consent reaches it.
//!
//! | we say | Klaviyo's metric, or call | when (`domain::flow::left`) |
//! |---|---|---|
//! | `started-checkout` | "Started Checkout" | the first event of a checkout that nobody has finished |
//! | `placed-order` | "Placed Order", and "Ordered Product" for each line | the order is cleared |
//! | `fulfilled-order` | "Fulfilled Order" | the last parcel of the order is on its way |
//! | `delivered-order` | "Delivered Shipment" | the last parcel has arrived |
//! | `subscribed` | bulk subscribe | a fresh yes, and only then: the call takes Klaviyo's own suppressions away |
//! | `unsubscribed` | bulk unsubscribe, from everything | a no |
//!
//! The first four names, and those of their properties, are the ones that Klaviyo's guide for platforms without an integration of
//! their own tells to use, since its analytics and prebuilt flows look for them; "Delivered Shipment" is the name in its reference
//! of what it takes from Shopify.
//!
//! **Single events, not jobs.** A queue's messages come one at a time, and one answer about one event is what an effect settles
//! by. A job's 202 says nothing of the events in it, and jobs are limited to 150 a minute, single events to 3,500.
//!
//! **Each call is an effect**, `klaviyo#…`. Klaviyo keeps the first event of a `unique_id` for a profile and a metric, and ours is
//! the effect's hash, so that an attempt in doubt is simply made again. Subscribing has no such id: after a lost answer it is asked
//! again within the limits of a fresh yes, and only while the store still says yes.
//!
//! **People**: only those who agreed to marketing mail, since nobody else could get any. Address, name and consent are read from
//! the store at that moment, and kept nowhere here. What they chose on the preference page goes along as properties of the profile,
//! `wants_news`, `wants_reminders`, `wants_reviews`.
//!
//! | module | job |
//! |---|---|
//! | [`client`] | the three calls |
//! | [`wire`] | what they carry |
//! | `due` | an event in, what Klaviyo has to hear of it out |
//! | `told` | each call claimed, made, settled |

pub mod client;
mod due;
mod told;
pub mod wire;

pub use client::Klaviyo;
