//! 17TRACK's track info. Carriers are numbers, in refusals sometimes written as text.

use domain::Timestamp;
use domain::parcel::Progress;
use serde::Deserialize;

use crate::seen::{Seen, day, filled, instant, parcel, word};
use crate::text::Text;

/// One number with what is known of it: an accepted item of `gettrackinfo`, and a webhook's `data`.
#[derive(Debug, Deserialize)]
pub(super) struct Item {
    pub number: String,
    #[serde(default)]
    pub carrier: Option<Text>,
    #[serde(default)]
    pub track_info: Option<TrackInfo>,
}

#[derive(Debug, Deserialize)]
pub(super) struct TrackInfo {
    latest_status: Status,
    #[serde(default)]
    latest_event: Option<Event>,
    #[serde(default)]
    time_metrics: Option<Metrics>,
    #[serde(default)]
    tracking: Option<Tracking>,
}

#[derive(Debug, Deserialize)]
struct Status {
    status: String,
    #[serde(default)]
    sub_status: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Event {
    #[serde(default)]
    time_iso: Option<String>,
    #[serde(default)]
    time_utc: Option<String>,
    #[serde(default)]
    time_raw: Option<Raw>,
}

/// A time as the carrier wrote it, in pieces.
#[derive(Debug, Deserialize)]
struct Raw {
    #[serde(default)]
    date: Option<String>,
    #[serde(default)]
    time: Option<String>,
    #[serde(default)]
    timezone: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Metrics {
    #[serde(default)]
    estimated_delivery_date: Option<Estimate>,
}

#[derive(Debug, Deserialize)]
struct Estimate {
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    to: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Tracking {
    #[serde(default)]
    providers: Vec<Provider>,
}

/// A parcel that changes hands has several.
#[derive(Debug, Deserialize)]
struct Provider {
    #[serde(default)]
    latest_sync_time: Option<String>,
}

impl TrackInfo {
    /// Whether anything is known of the parcel. `NotFound`: the carrier has said nothing yet.
    pub(super) fn says_something(&self) -> bool {
        self.latest_status.status != "NotFound"
    }

    /// The state it tells of a number. `None`: the number is none.
    pub(super) fn seen(&self, number: &str, carrier: Option<&Text>) -> Option<Seen> {
        let parcel = parcel(number)?;
        let moment = self.latest_event.as_ref().and_then(Event::moment);
        let at = moment.as_deref().and_then(instant).or_else(|| self.heard());
        let estimate = self.time_metrics.as_ref().and_then(|metrics| metrics.estimated_delivery_date.as_ref());
        let estimate = estimate.and_then(|span| filled(span.to.as_ref()).or(filled(span.from.as_ref())));
        let Status { status, sub_status } = &self.latest_status;
        // 0: it does not know the carrier.
        let carrier = carrier.filter(|carrier| carrier.0 != "0").map(|carrier| word(&carrier.0));
        Some(Seen {
            parcel,
            carrier,
            progress: progress(status, filled(sub_status.as_ref())),
            // A finer status names its status, as in `Exception_Lost`.
            status: word(filled(sub_status.as_ref()).unwrap_or(status)),
            reference: None,
            moment: moment.map(|moment| word(&moment)),
            at,
            promised: estimate.and_then(day),
        })
    }

    /// When it last asked the carrier.
    fn heard(&self) -> Option<Timestamp> {
        let providers = self.tracking.as_ref().map(|tracking| tracking.providers.as_slice()).unwrap_or_default();
        providers.iter().filter_map(|one| filled(one.latest_sync_time.as_ref()).and_then(instant)).max()
    }
}

impl Event {
    /// With an offset where the carrier told one: some tell only a date and a time.
    fn moment(&self) -> Option<String> {
        let told = filled(self.time_iso.as_ref()).or(filled(self.time_utc.as_ref())).map(str::to_owned);
        told.or_else(|| {
            let raw = self.time_raw.as_ref()?;
            let date = filled(raw.date.as_ref())?;
            let time = filled(raw.time.as_ref()).map(|time| format!("T{time}")).unwrap_or_default();
            let zone = filled(raw.timezone.as_ref()).filter(|_| !time.is_empty()).unwrap_or_default();
            Some(format!("{date}{time}{zone}"))
        })
    }
}

fn progress(status: &str, finer: Option<&str>) -> Progress {
    match (status, finer) {
        ("InfoReceived", _) => Progress::LabelCreated,
        // Being processed by customs is a step on the way; wanting papers is a stop.
        ("InTransit", Some("InTransit_CustomsRequiringInformation")) => Progress::HeldAtCustoms,
        ("InTransit", _) => Progress::InTransit,
        ("OutForDelivery", _) => Progress::OutForDelivery,
        ("AvailableForPickup", _) => Progress::ReadyForPickup,
        ("DeliveryFailure", _) => Progress::AttemptFailed,
        ("Delivered", _) => Progress::Delivered,
        ("Exception", Some("Exception_Returning")) => Progress::Returning,
        ("Exception", Some("Exception_Returned")) => Progress::Returned,
        ("Exception", Some("Exception_Lost")) => Progress::Lost,
        ("Exception", _) => Progress::Problem,
        // `Expired` is the feed's own silence; the rest we do not know.
        _ => Progress::Unknown,
    }
}
