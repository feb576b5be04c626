//! EasyPost's tracker. Old payloads lack most of it, so nearly everything is optional; `""` is the same as nothing.

use domain::parcel::Progress;
use serde::Deserialize;

use crate::seen::{Seen, day, filled, instant, parcel, word};

/// A tracker, as answers and webhooks have it.
#[derive(Debug, Deserialize)]
pub(super) struct Tracker {
    pub id: String,
    pub tracking_code: String,
    status: String,
    #[serde(default)]
    status_detail: Option<String>,
    #[serde(default)]
    carrier: Option<String>,
    #[cfg(feature = "calls")]
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    updated_at: Option<String>,
    #[serde(default)]
    est_delivery_date: Option<String>,
    /// The parcel is one that goes back to the shop.
    #[serde(default)]
    is_return: Option<bool>,
    #[serde(default)]
    tracking_details: Option<Vec<Detail>>,
    #[serde(default)]
    carrier_detail: Option<CarrierDetail>,
}

#[derive(Debug, Deserialize)]
struct Detail {
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    datetime: Option<String>,
}

#[derive(Debug, Deserialize)]
struct CarrierDetail {
    #[serde(default)]
    est_delivery_date_local: Option<String>,
}

impl Tracker {
    /// When it was made, for choosing among several of one number.
    #[cfg(feature = "calls")]
    pub(super) fn created(&self) -> Option<domain::Timestamp> {
        filled(self.created_at.as_ref()).and_then(instant)
    }

    /// Whether anything is known of the parcel. `unknown`: the carrier has said nothing yet.
    pub(super) fn says_something(&self) -> bool {
        self.status != "unknown"
    }

    /// The state it tells. `None`: its code is no number.
    pub(super) fn seen(self) -> Option<Seen> {
        let parcel = parcel(&self.tracking_code)?;
        let moment = self.moment();
        let heard = || filled(self.updated_at.as_ref()).and_then(instant);
        let at = moment.as_deref().and_then(instant).or_else(heard);
        let local = self.carrier_detail.as_ref().and_then(|detail| filled(detail.est_delivery_date_local.as_ref()));
        let promised = local.or_else(|| filled(self.est_delivery_date.as_ref())).and_then(day);
        let detail =
            filled(self.status_detail.as_ref()).filter(|detail| *detail != "unknown" && *detail != self.status);
        let status = detail.map_or_else(|| self.status.clone(), |detail| format!("{}/{detail}", self.status));
        Some(Seen {
            parcel,
            carrier: filled(self.carrier.as_ref()).map(word),
            progress: self.progress(),
            status: word(&status),
            reference: Some(word(&self.id)),
            moment: moment.map(|moment| word(&moment)),
            at,
            promised,
        })
    }

    /// The latest scan of the state it is in; where the list has none of it, the latest of all. The list is not always in order.
    fn moment(&self) -> Option<String> {
        let details = self.tracking_details.as_deref().unwrap_or_default();
        let latest = |of_state: bool| {
            let details = details.iter().filter(|detail| !of_state || detail.status.as_deref() == Some(&*self.status));
            let moments = details.filter_map(|detail| filled(detail.datetime.as_ref()));
            moments.max_by_key(|moment| instant(moment)).map(str::to_owned)
        };
        latest(true).or_else(|| latest(false))
    }

    fn progress(&self) -> Progress {
        let back = self.is_return == Some(true);
        match self.status.as_str() {
            "pre_transit" => Progress::LabelCreated,
            "in_transit" => Progress::InTransit,
            "out_for_delivery" => Progress::OutForDelivery,
            "available_for_pickup" => Progress::ReadyForPickup,
            // What is a return from the start has arrived where it came from.
            "delivered" if back => Progress::Returned,
            "delivered" => Progress::Delivered,
            "return_to_sender" => Progress::Returning,
            "failure" if self.status_detail.as_deref() == Some("lost") => Progress::Lost,
            // The label is void: under this number nothing comes any more.
            "failure" | "cancelled" | "canceled" => Progress::Problem,
            // `error` is the tracker's own, and says nothing of the parcel; the rest we do not know.
            _ => Progress::Unknown,
        }
    }
}
