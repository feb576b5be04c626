//! AfterShip's tracking, of several versions: what a version lacks is optional.

use domain::Timestamp;
use domain::parcel::Progress;
use serde::Deserialize;

use crate::seen::{Seen, day, filled, instant, parcel, word};
use crate::text::Text;

/// A tracking, as answers and webhooks have it.
#[derive(Debug, Deserialize)]
pub(super) struct Tracking {
    #[serde(default)]
    id: Option<Text>,
    pub tracking_number: String,
    #[serde(default)]
    slug: Option<String>,
    tag: String,
    #[serde(default)]
    subtag: Option<String>,
    #[serde(default)]
    return_to_sender: Option<bool>,
    #[serde(default)]
    updated_at: Option<String>,
    #[serde(default)]
    checkpoints: Option<Vec<Checkpoint>>,
    #[serde(default)]
    latest_estimated_delivery: Option<Latest>,
    #[serde(default)]
    courier_estimated_delivery_date: Option<Courier>,
    /// Versions before 2024.
    #[serde(default)]
    expected_delivery: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Checkpoint {
    #[serde(default)]
    tag: Option<String>,
    #[serde(default)]
    checkpoint_time: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Latest {
    #[serde(default)]
    datetime: Option<String>,
    #[serde(default)]
    datetime_max: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Courier {
    #[serde(default)]
    estimated_delivery_date: Option<String>,
    #[serde(default)]
    estimated_delivery_date_max: Option<String>,
}

impl Tracking {
    /// AfterShip's own id of it.
    #[cfg(feature = "calls")]
    pub(super) fn id(self) -> Option<String> {
        self.id.map(|id| id.0)
    }

    /// When it changed last, for choosing among several of one number.
    #[cfg(feature = "calls")]
    pub(super) fn changed(&self) -> Option<Timestamp> {
        filled(self.updated_at.as_ref()).and_then(instant)
    }

    /// Whether anything is known of the parcel. `Pending`: the carrier has said nothing yet.
    pub(super) fn says_something(&self) -> bool {
        self.tag != "Pending"
    }

    /// The state it tells. `sent`: when AfterShip said it, for a scan that does not say where its clock stands. `None`: its number
    /// is none.
    pub(super) fn seen(self, sent: Option<Timestamp>) -> Option<Seen> {
        let parcel = parcel(&self.tracking_number)?;
        let moment = self.moment().map(str::to_owned);
        let changed = || filled(self.updated_at.as_ref()).and_then(instant);
        let at = moment.as_deref().and_then(instant).or(sent).or_else(changed);
        let latest = self.latest_estimated_delivery.as_ref();
        let latest =
            latest.and_then(|latest| filled(latest.datetime_max.as_ref()).or(filled(latest.datetime.as_ref())));
        let courier = self.courier_estimated_delivery_date.as_ref();
        let courier = courier.and_then(|dates| {
            filled(dates.estimated_delivery_date_max.as_ref()).or(filled(dates.estimated_delivery_date.as_ref()))
        });
        let promised = latest.or(courier).or(filled(self.expected_delivery.as_ref())).and_then(day);
        // A subtag names its tag, as in `Exception_007`.
        let status = filled(self.subtag.as_ref()).unwrap_or(&self.tag);
        let back = if self.return_to_sender == Some(true) { "/return_to_sender" } else { "" };
        Some(Seen {
            parcel,
            carrier: filled(self.slug.as_ref()).map(word),
            progress: self.progress(),
            status: word(&format!("{status}{back}")),
            reference: self.id.as_ref().map(|id| word(&id.0)),
            moment: moment.map(|moment| word(&moment)),
            at,
            promised,
        })
    }

    /// The last checkpoint of the state it is in, else the last of all. They stand oldest first.
    fn moment(&self) -> Option<&str> {
        let checkpoints = self.checkpoints.as_deref().unwrap_or_default();
        let last = |of_state: bool| {
            let checkpoints = checkpoints.iter().rev();
            let mut fitting = checkpoints.filter(|point| !of_state || point.tag.as_deref() == Some(&*self.tag));
            fitting.find_map(|point| filled(point.checkpoint_time.as_ref()))
        };
        last(true).or_else(|| last(false))
    }

    /// From the parcel's own tag, never from its last checkpoint: a parcel that was handed back to its sender has a last one that
    /// says `Delivered`.
    fn progress(&self) -> Progress {
        let back = self.return_to_sender == Some(true);
        match (self.tag.as_str(), self.subtag.as_deref()) {
            ("Delivered", _) if back => Progress::Returned,
            (_, _) if back => Progress::Returning,
            ("InfoReceived", _) => Progress::LabelCreated,
            ("InTransit", _) => Progress::InTransit,
            ("OutForDelivery", _) => Progress::OutForDelivery,
            ("AttemptFail", _) => Progress::AttemptFailed,
            ("AvailableForPickup", _) => Progress::ReadyForPickup,
            ("Delivered", _) => Progress::Delivered,
            ("Exception", Some("Exception_004")) => Progress::HeldAtCustoms,
            ("Exception", Some("Exception_007")) => Progress::Returning,
            ("Exception", _) => Progress::Problem,
            // `Expired` is the feed's own silence of thirty days; the rest we do not know.
            _ => Progress::Unknown,
        }
    }
}
