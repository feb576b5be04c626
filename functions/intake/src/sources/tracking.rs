//! Tracking feeds: `webhooks/tracking/<feed>`. How each signs and what it says is in its own folder of `shared/tracking`.
//!
//! A feed knows numbers and not our orders, so what it says is about the parcel; shipping finds the order.

use domain::Timestamp;
use domain::subject::Subject;
use tracking::door::{Delivery, Door, Heard, time};

use super::{Told, Translated, Unreadable};
use crate::http::Request;

/// A request as a feed's door takes it.
pub(super) fn delivery(request: &Request) -> Delivery<'_> {
    Delivery { headers: &request.headers, body: &request.body }
}

/// What a feed says, as an event about the parcel; at the moment of the scan, or now where the feed does not say when.
pub(super) fn translate(door: &Door, request: &Request, now: Timestamp) -> Result<Translated, Unreadable> {
    match door.hear(&delivery(request)).map_err(|why| Unreadable(why.0))? {
        Heard::Seen(seen) => Ok(Translated::Fact(Box::new(Told {
            subject: Some(Subject::Parcel(seen.parcel.clone())),
            fact: seen.fact(door.name()),
            time: Some(time(&seen, now)),
            order_name: None,
        }))),
        Heard::OfNoInterest(parcel) => Ok(Translated::Unfollowed(parcel.map(Subject::Parcel))),
    }
}
