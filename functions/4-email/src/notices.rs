//! What SES says by itself, through SNS: the witness that settles a mail in doubt, and the bad news that comes later.

use std::collections::BTreeMap;

use domain::Timestamp;
use domain::effect::{EffectKey, MailKind};
use domain::event::{Event, Fact, Suppression};
use domain::exception::{Exception, What};
use domain::subject::{Subject, address_hash};
use lambda::{Clock, Failure, Queue, Station};
use ledger::{LedgerError, Table};
use mailer::ReadAccount;
use mailer::words::{one_line, without_addresses};
use mailer::{TAG_EFFECT, TAG_FLOW, TAG_SUBJECT, subject_of};
use serde::Deserialize;

use crate::Email;
use crate::flows::tally::{self, Came};
use crate::rates::Fate;

/// One event of SES, as far as we follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// SES took the mail.
    Sent(About),
    /// The recipient's server took it.
    Delivered(About),
    /// It was looked at, or a link in it was followed: as far as that can be measured.
    Opened(About),
    Clicked(About),
    /// The mail did not reach the customer, or was not wanted. `why` is in the owner's words; `stops`: no marketing
    /// goes to this address any more; `known`: SES knew that already and did not even try, which counts against nobody.
    Failed {
        about: About,
        why: String,
        stops: Option<Suppression>,
        known: bool,
    },
    /// Nothing to do, and why.
    Ignored(String),
}

/// The mail it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// `Subject::slug`, from the tag; absent on mails that are not ours.
    pub subject: Option<String>,
    /// The effect's hash, from the tag.
    pub effect: Option<String>,
    pub message_id: String,
    /// The flow it belongs to, from the tag.
    pub flow: Option<String>,
    /// When SES took it.
    pub at: Option<Timestamp>,
    /// The hash of the address it went to, where it is one.
    pub to_hash: Option<String>,
}

/// The record as SES writes it; everything that a version of it may leave out is optional.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    /// Of event publishing.
    event_type: Option<String>,
    /// Of feedback notifications, which an identity may have switched on besides.
    notification_type: Option<String>,
    mail: Option<Mail>,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
    reject: Option<Reject>,
    failure: Option<RenderingFailure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mail {
    message_id: String,
    timestamp: Option<String>,
    #[serde(default)]
    destination: Vec<String>,
    #[serde(default)]
    tags: BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: Option<String>,
    bounce_sub_type: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    complaint_feedback_type: Option<String>,
}

#[derive(Deserialize)]
struct Reject {
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RenderingFailure {
    error_message: Option<String>,
}

impl Notice {
    /// Reads the message of an SNS record. Never fails: what cannot be read is ignored with the reason, since SES sends it
    /// again to nobody.
    #[must_use]
    pub fn read(message: &str) -> Self {
        let record: Record = match serde_json::from_str(message) {
            Ok(record) => record,
            // SNS confirms a new destination with a sentence: "Successfully validated SNS topic …".
            Err(error) => return Self::Ignored(format!("not a record of SES ({error})")),
        };
        let Some(kind) = record.event_type.or(record.notification_type) else {
            return Self::Ignored("a record without a type".to_owned());
        };
        let Some(mail) = record.mail else { return Self::Ignored(format!("{kind} without a mail")) };
        let about = About::of(mail);
        let failed = |why: String| Self::Failed { about: about.clone(), why, stops: None, known: false };
        match kind.as_str() {
            "Send" => Self::Sent(about),
            "Delivery" => Self::Delivered(about),
            "Open" => Self::Opened(about),
            "Click" => Self::Clicked(about),
            "Bounce" => match bounced(record.bounce) {
                Ok((why, known)) => Self::Failed { about, why, stops: Some(Suppression::Bounce), known },
                Err(why) => Self::Ignored(why),
            },
            "Complaint" => match complained(record.complaint) {
                Ok(why) => Self::Failed { about, why, stops: Some(Suppression::Complaint), known: false },
                Err(why) => Self::Ignored(why),
            },
            "Reject" => {
                let reason = record.reject.and_then(|reject| reject.reason).unwrap_or_default();
                failed(with_reason("SES took it and then would not send it", &reason))
            }
            "Rendering Failure" => {
                let reason = record.failure.and_then(|failure| failure.error_message).unwrap_or_default();
                failed(with_reason("SES could not fill in its template", &reason))
            }
            _ => Self::Ignored(format!("{} is not followed", one_line(&kind))),
        }
    }
}

impl Notice {
    /// The metric that it adds to.
    #[must_use]
    pub fn metric(&self) -> Option<&'static str> {
        match self {
            Self::Sent(_) => Some("MailsSent"),
            Self::Opened(_) => Some("MailsOpened"),
            Self::Clicked(_) => Some("MailsClicked"),
            Self::Failed { stops: Some(Suppression::Bounce), .. } => Some("MailsBounced"),
            Self::Failed { stops: Some(Suppression::Complaint), .. } => Some("MailsComplained"),
            Self::Failed { stops: None, .. } => Some("MailsFailed"),
            // SES counts these itself, and tells us only of marketing mails.
            Self::Delivered(_) | Self::Ignored(_) => None,
        }
    }
}

impl About {
    fn of(mail: Mail) -> Self {
        let tag = |name: &str| mail.tags.get(name).and_then(|values| values.first()).cloned();
        let to_hash = match mail.destination.as_slice() {
            [to] => Some(address_hash(bare(to))),
            _ => None,
        };
        Self {
            subject: tag(TAG_SUBJECT),
            effect: tag(TAG_EFFECT),
            flow: tag(TAG_FLOW),
            at: mail.timestamp.as_deref().and_then(|at| at.parse().ok()),
            message_id: mail.message_id,
            to_hash,
        }
    }

    /// Subject and effect of a mail of ours. `store` is the subject of what concerns no order.
    fn ours(&self, store: &Subject) -> Option<(Subject, &str)> {
        Some((subject_of(self.subject.as_deref()?, store)?, self.effect.as_deref()?))
    }
}

/// The address without a display name.
fn bare(address: &str) -> &str {
    let inner = address.trim().strip_suffix('>').and_then(|text| text.rsplit_once('<'));
    inner.map_or(address, |(_, address)| address).trim()
}

/// Why, and whether SES knew before. `Err` is why nothing has to be done.
fn bounced(bounce: Option<Bounce>) -> Result<(String, bool), String> {
    let part = |part: Option<&String>| part.map(|text| one_line(text)).unwrap_or_default();
    let kind = part(bounce.as_ref().and_then(|bounce| bounce.bounce_type.as_ref()));
    let sub_type = part(bounce.as_ref().and_then(|bounce| bounce.bounce_sub_type.as_ref()));
    match (kind.as_str(), sub_type.as_str()) {
        ("Permanent", "OnAccountSuppressionList" | "Suppressed") => Ok((
            "it was not delivered, because the address bounced or complained before and is on SES's suppression list"
                .to_owned(),
            true,
        )),
        ("Permanent", sub_type) => Ok((with_reason("it bounced, the address does not take mail", sub_type), false)),
        (kind, sub_type) => Err(format!("a bounce that is not permanent ({kind} {sub_type})")),
    }
}

fn complained(complaint: Option<Complaint>) -> Result<String, String> {
    match complaint.and_then(|complaint| complaint.complaint_feedback_type).as_deref() {
        Some("not-spam") => Err("the recipient says that it is not spam".to_owned()),
        kind => Ok(with_reason("the customer reported it as spam", kind.unwrap_or_default())),
    }
}

fn with_reason(what: &str, reason: &str) -> String {
    match without_addresses(reason) {
        reason if reason.is_empty() => what.to_owned(),
        reason => format!("{what} ({})", reason.trim_end_matches('.')),
    }
}

/// Acts on what SES said.
pub async fn take<T, Q, C, S, M, W>(email: &Email<'_, T, Q, C, S, M, W>, notice: &Notice) -> Result<(), Failure>
where
    T: Table,
    Q: Queue,
    C: Clock,
    M: ReadAccount,
{
    let station = email.station;
    let (about, subject, effect) = match notice {
        Notice::Ignored(why) => {
            tracing::info!(why, "SES's event changes nothing");
            return Ok(());
        }
        Notice::Sent(about)
        | Notice::Delivered(about)
        | Notice::Opened(about)
        | Notice::Clicked(about)
        | Notice::Failed { about, .. } => match about.ours(&station.store) {
            Some((subject, effect)) => (about, subject, effect),
            None => return Ok(not_ours(about)?),
        },
    };
    let sent = about.at.unwrap_or(station.now());
    match notice {
        Notice::Ignored(_) => {}
        Notice::Sent(_) => settle(station, about, &subject, effect, sent).await?,
        Notice::Delivered(_) => {
            settle(station, about, &subject, effect, sent).await?;
            came(station, about, effect, Came::Delivered).await?;
        }
        Notice::Opened(_) => came(station, about, effect, Came::Opened).await?,
        Notice::Clicked(_) => came(station, about, effect, Came::Clicked).await?,
        Notice::Failed { why, stops, known, .. } => {
            if let Some(stops) = stops {
                suppress(station, about, *stops).await?;
                if !known {
                    let fate = if *stops == Suppression::Bounce { Fate::Bounced } else { Fate::Complained };
                    email.went_wrong(fate, &about.message_id).await?;
                }
            }
            failed(station, about, why).await?;
        }
    }
    Ok(())
}

/// SES's word settles a mail in doubt, and counts one of a flow that nobody could count when it went out.
async fn settle<T: Table, Q: Queue, C: Clock>(
    station: &Station<T, Q, C>,
    about: &About,
    subject: &Subject,
    effect: &str,
    sent: Timestamp,
) -> Result<(), LedgerError> {
    let note = about.to_hash.iter().map(|hash| ("to_hash".to_owned(), hash.clone())).collect();
    if station.ledger.witness(subject, effect, &about.message_id, note, station.now()).await? {
        tracing::info!(%subject, effect, mail.id = about.message_id, "SES's event settled a mail");
        if let Some(flow) = &about.flow {
            tally::sent(station, flow, effect, sent).await?;
        }
    }
    Ok(())
}

async fn came<T: Table, Q: Queue, C: Clock>(
    station: &Station<T, Q, C>,
    about: &About,
    effect: &str,
    what: Came,
) -> Result<(), LedgerError> {
    match &about.flow {
        Some(flow) => tally::came(station, flow, effect, what, about.at.unwrap_or(station.now())).await,
        None => Ok(()),
    }
}

/// From now on no marketing goes to this address; the event says so, once for each mail that came back.
async fn suppress<T: Table, Q: Queue, C: Clock>(
    station: &Station<T, Q, C>,
    about: &About,
    why: Suppression,
) -> Result<(), LedgerError> {
    // A mail of ours goes to one address. Whose it was cannot be told of one that went to several.
    let Some(contact) = &about.to_hash else { return Ok(()) };
    let event = Event {
        subject: Subject::Contact(contact.clone()),
        fact: Fact::ContactSuppressed { why, message: about.message_id.clone() },
        source: "ses".to_owned(),
        time: station.now(),
        order_name: None,
    };
    station.append_event(&event, None).await?;
    tracing::info!(contact, why = why.as_str(), mail.id = about.message_id, "nothing more goes to this address");
    Ok(())
}

/// Tells the owner, once per mail.
async fn failed<T: Table, Q: Queue, C: Clock>(
    station: &Station<T, Q, C>,
    about: &About,
    why: &str,
) -> Result<(), LedgerError> {
    let Some((subject, hash)) = about.ours(&station.store) else { return not_ours(about) };
    let journey = station.ledger.journey(&subject).await?;
    let effect = journey.effects.iter().find(|effect| effect.key.hash(&subject) == hash);
    let kind = match effect.map(|effect| &effect.key) {
        // Nobody waits for an advertisement: that the address takes none is enough to know.
        Some(EffectKey::Email(MailKind::Flow { .. })) => {
            tracing::info!(%subject, effect = hash, mail.id = about.message_id, why, "a flow's mail failed");
            return Ok(());
        }
        Some(EffectKey::Email(kind)) => kind,
        // An alert that bounces must not raise an alert: the alarm on bounces goes to the owner without us.
        Some(key) => {
            tracing::error!(%subject, effect = %key, mail.id = about.message_id, why, "a mail to the owner failed");
            return Ok(());
        }
        None => return not_ours(about),
    };
    let what = What::MailRefused { mail: kind.name().to_owned(), why: why.to_owned() };
    let mut exception = Exception::raise(&subject, &what, &about.message_id, station.now());
    let event = journey.events.iter().find(|event| brings(event, kind));
    let stored = match event {
        Some(event) => station.ledger.event(&event.key()).await?,
        None => None,
    };
    if let Some(stored) = &stored {
        exception = exception.about(&stored.event);
    }
    let new = station.ledger.raise(&exception).await?;
    tracing::warn!(exception.id = exception.id, exception.new = new, "exception");
    if let Some(stored) = &stored {
        station.ledger.flag(stored).await?;
    }
    Ok(())
}

fn not_ours(about: &About) -> Result<(), LedgerError> {
    tracing::info!(mail.id = about.message_id, "SES's event is about a mail that is none of ours");
    Ok(())
}

/// Whether the mail goes out because of this event: the one a replay of it concerns.
fn brings(event: &Event, kind: &MailKind) -> bool {
    match (&event.fact, kind) {
        (Fact::OrderCleared {}, MailKind::Confirmation) => true,
        (Fact::ParcelAnnounced { parcel, .. }, MailKind::Shipped(about) | MailKind::Delivered(about)) => {
            parcel == about
        }
        _ => false,
    }
}
