//! Why, in the owner's words: one sentence or two per kind of exception.

use std::fmt;

use super::{CancelOutcome, ChangeOutcome, SendingStop, What};
use crate::decision::Choice;
use crate::event::PartnerStop;
use crate::handoff::Wait;
use crate::parcel::Progress;

/// Why, in the owner's words.
impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(hold) => hold.fmt(f),
            Self::HeldTooLate { partner } => {
                write!(f, "The order is held now, and {partner} was told to make it before that.")
            }
            Self::TaxMissing { place } => {
                write!(f, "No tax was charged on an order to {place}, where store.toml says that tax is due.")
            }
            Self::Disputed { kind, due: Some(due), .. } => {
                write!(f, "The payment is disputed ({kind}); an answer is due by {due}.")
            }
            Self::Disputed { kind, due: None, .. } => write!(f, "The payment is disputed ({kind})."),
            Self::MoneyWithoutOrder { provider, payment, amount } => {
                write!(f, "{provider} has a payment of {amount} ({payment}) for which the store has no order.")
            }
            Self::DecisionNotDone { choice, why } => {
                let choice = match choice {
                    Choice::Release => "release",
                    Choice::Refuse => "refuse and refund",
                };
                write!(f, "You decided to {choice} this order, and the store did not do it: {why}.")
            }
            Self::HoldRefused { why } => {
                write!(f, "The order is held here, but the store did not take the hold: {why}.")
            }
            Self::SubscriptionLost { topics } => {
                let again = if topics.len() == 1 { "The subscription was" } else { "The subscriptions were" };
                write!(f, "The store no longer told us of {}. {again} made again.", listed(topics))
            }
            Self::SubscriptionsRefused { topics, why } => {
                write!(f, "The store does not tell us of {}. {why}.", listed(topics))
            }
            Self::WebhooksMissed { orders } => write!(
                f,
                "The store did not tell us of {}; the sweep found {} and sent {} on: {}.",
                plural(orders.len(), "order"),
                if orders.len() == 1 { "it" } else { "them" },
                if orders.len() == 1 { "it" } else { "them" },
                listed(orders)
            ),
            Self::SweepSilent { source, hours } => {
                write!(f, "{source} has not been swept for {hours} hours: what its webhooks miss is not found.")
            }
            Self::PaymentsFail { place, failed, of } => {
                write!(f, "Payments fail ({place}): {failed} of the last {of} attempts.")
            }
            Self::CheckoutsStall { place, stalled, of } => {
                write!(f, "Checkouts are not finished ({place}): {stalled} of the last {of}.")
            }
            Self::NoOrders { hours } => write!(f, "No order has come for {hours} hours, longer than you expect."),
            Self::TestOrderFailed { why } => write!(f, "The test order did not come through: {why}."),
            Self::NotTaken { layer, event } => {
                write!(f, "The {layer} layer has not taken the event \"{event}\" in time. It was sent again.")
            }
            Self::Unreachable { provider, why, .. } => write!(f, "{provider} cannot be reached: {why}."),
            Self::Late(wait) => f.write_str(match wait {
                Wait::PaymentArrives => "An order was placed, and its money has not arrived in time.",
                Wait::RiskVerdict => "The store's fraud screening has not finished in time.",
                Wait::PartnerAccepts => "The partner has the order and has not started to make it in time.",
                Wait::PartnerShips => "The partner has not shipped the order in time.",
                Wait::FirstScan => "The parcel was announced, and the carrier has not scanned it in time.",
                Wait::TrackingAlive => "The parcel has stopped moving.",
                Wait::CustomerInformed => "The customer has not heard from the store for too long.",
                Wait::HeldOrder => "This order is held, and nobody has decided about it in time.",
                Wait::Delivered => "The parcel has not arrived in the usual time.",
            }),
            Self::LateParcel { wait, parcel, progress, promised } => {
                write_late(f, *wait, parcel, *progress, promised.as_deref())
            }
            Self::CarrierSilent { carrier, silent, heard, since, orders } => {
                write!(f, "{carrier} has gone quiet: nothing has been heard of {silent} parcels since {since}")?;
                match heard {
                    0 => {}
                    1 => f.write_str("; one other has moved")?,
                    more => write!(f, "; {more} others have moved")?,
                }
                write!(f, ". Orders: {}.", listed_up_to(20, orders, ", "))
            }
            Self::ParcelTrouble { parcel, progress: Progress::Lost, status } => {
                write!(f, "The carrier has given the parcel {parcel} up as lost ({status}).")
            }
            Self::ParcelTrouble { parcel, status, .. } => {
                write!(f, "Something is wrong with the parcel {parcel} at the carrier ({status}).")
            }
            Self::Drift { orders, differences } => write!(
                f,
                "Store, partners and carriers do not agree on {}. {}.",
                plural(*orders, "order"),
                listed_up_to(20, differences, "; ")
            ),
            Self::CannotRoute(problems) => {
                for (n, problem) in problems.iter().enumerate() {
                    if n > 0 {
                        f.write_str(" ")?;
                    }
                    write!(f, "{problem}")?;
                }
                Ok(())
            }
            Self::PartnerRefused { partner, why } => write!(f, "{partner} refused the order: {why}."),
            Self::PartnerStopped { partner, how, why } => {
                let how = match how {
                    PartnerStop::OnHold => "has put the order on hold",
                    PartnerStop::Failed => "has given the order up",
                    PartnerStop::Cancelled => "has cancelled the order",
                    PartnerStop::PaymentFailed => "could not charge you for the order",
                    PartnerStop::OutOfStock => "has run out of something in the order",
                    PartnerStop::FileRejected => "cannot print one of the order's files",
                    PartnerStop::AddressRejected => "cannot deliver to the order's address",
                };
                write!(f, "{partner} {how}")?;
                write_why(f, why.as_deref())
            }
            Self::AddressChangedAtPartner { partner, outcome } => match outcome {
                ChangeOutcome::Changed => write!(f, "The address changed, and {partner} has the new one."),
                ChangeOutcome::Asked => write!(f, "The address changed; {partner} was asked and has not decided yet."),
                ChangeOutcome::Refused(why) => {
                    write!(f, "The address changed, and {partner} sends it to the old one: {why}.")
                }
                ChangeOutcome::NotPossible => {
                    write!(f, "The address changed after {partner} had the order, and cannot be changed there by us.")
                }
            },
            Self::EditedAfterRouting { partner } => {
                write!(f, "The order was edited after {partner} was told to make it as it was.")
            }
            Self::MarginTooThin { partner, cost, paid, floor_percent } => write!(
                f,
                "{partner} charges {cost} for what the customer paid {paid} for: less than the {floor_percent} % you want to keep."
            ),
            Self::MakeByHand { lines } => write!(f, "To be made by hand: {}.", listed(lines)),
            Self::PartnerAppHasIt { partner, lines } => write!(
                f,
                "{partner}'s own app in the store makes these lines too: {}. We sent nothing, so that nothing is made twice.",
                listed(lines)
            ),
            Self::FundsLow { partner, funds, needed } => {
                write!(f, "{partner} has {funds} of yours, and the orders on their way need {needed}.")
            }
            Self::CatalogProblem { partner, problems } => {
                write!(f, "The catalog does not fit {partner}: {}.", listed(problems))
            }
            Self::CancelledAtPartner { partner, outcome: CancelOutcome::Cancelled } => {
                write!(
                    f,
                    "The order was cancelled when {partner} had it already; {partner} has cancelled it too. Nothing is made."
                )
            }
            Self::CancelledAtPartner { partner, outcome: CancelOutcome::Refused(why) } => {
                write!(f, "The order was cancelled too late: {partner} will make it ({why}).")
            }
            Self::RefundedAfterRouting { partner } => {
                write!(
                    f,
                    "Money was refunded after the order had gone to {partner}, which still makes what was ordered."
                )
            }
            Self::FulfilmentRefused { why } => write!(f, "The store did not take the parcel's tracking: {why}."),
            Self::NoMailAddress { mail } => {
                write!(f, "The order has no mail address, so the {mail} mail cannot be sent.")
            }
            Self::MailSandboxed { mail } => write!(
                f,
                "The {mail} mail was refused: the SES account is still in its sandbox, where mail goes to verified addresses only."
            ),
            Self::SendingStopped(why) => f.write_str(match why {
                SendingStop::Quota => {
                    "SES takes no more mail today: the account's quota for 24 hours is used up. Mails wait."
                }
                SendingStop::Paused => "SES sends nothing for this account: its mail is stopped. Mails wait.",
                SendingStop::Sender => {
                    "SES sends nothing for this account: the address our mails come from is not verified. Mails wait."
                }
            }),
            Self::MailUnwelcome { complaints, bad, sent } => {
                let what = if *complaints { "reported as spam" } else { "returned for good" };
                let were = if *bad == 1 { "was" } else { "were" };
                write!(
                    f,
                    "Of the last day's {sent} mails {bad} {were} {what}: Amazon stops an account for more of that."
                )
            }
            Self::FlowStarves { flow, days } => {
                write!(f, "Nobody has entered the flow \"{flow}\" for {days} days, and orders come all the same.")
            }
            Self::ConsentRefused { why } => {
                write!(f, "A customer said no to marketing mail, and the store did not take that: {why}.")
            }
            Self::MailRefused { mail, why } => write!(f, "The {mail} mail was refused: {why}."),
            Self::Returned { why } => {
                f.write_str("The parcel is on its way back")?;
                write_why(f, why.as_deref())
            }
            Self::ProviderBroken { provider, why, .. } => write!(f, "{provider} does not work with us: {why}."),
            Self::DeadLetter { layer, event } => {
                write!(f, "The {layer} layer failed several times on the event \"{event}\" and put it aside.")
            }
            Self::StreamDeadLetter => f.write_str("The relay gave up on a batch of events from the table."),
            Self::Unreadable { topic, why } => {
                write!(f, "A rightly signed \"{topic}\" delivery could not be read: {why}. It is kept.")
            }
            Self::AppUninstalled => f.write_str("The store has removed the app: no order reaches Baton any more."),
            Self::DataRequested { orders } => write!(f, "A customer asks what is held about them ({orders} orders)."),
            Self::ChannelUnproven { channel, sent } => write!(
                f,
                "Nobody has acknowledged the test alert that went to {} on {sent}: alerts may not be read there.",
                channel_words(channel)
            ),
            Self::ChannelFails { channel, minutes } => write!(
                f,
                "Alerts have not got through to {} for {minutes} minutes; you have this by another way.",
                channel_words(channel)
            ),
            Self::Alarm { name, description } => write!(f, "The alarm {name} is on. {description}"),
        }
    }
}

/// A channel in the owner's words.
fn channel_words(channel: &str) -> &str {
    match channel {
        "mail" => "your mail",
        "webhook" => "the alerts' webhook",
        other => other,
    }
}

/// A parcel that is late, and how it stands.
fn write_late(
    f: &mut fmt::Formatter<'_>,
    wait: Wait,
    parcel: &str,
    progress: Progress,
    promised: Option<&str>,
) -> fmt::Result {
    match (wait, progress, promised) {
        (Wait::FirstScan, ..) => {
            write!(f, "The parcel {parcel} was announced, and the carrier has not scanned it in time.")
        }
        (Wait::Delivered, _, Some(day)) => {
            write!(f, "The parcel {parcel} has not arrived by {day}, the day that its carrier promised.")
        }
        (Wait::Delivered, ..) => write!(f, "The parcel {parcel} has not arrived in the usual time."),
        (_, Progress::AttemptFailed, _) => {
            write!(f, "Nobody took the parcel {parcel} at the door, and nothing has happened since.")
        }
        (_, Progress::ReadyForPickup, _) => {
            write!(f, "The parcel {parcel} waits to be fetched, and nobody has come for it.")
        }
        (_, Progress::HeldAtCustoms, _) => {
            write!(f, "The parcel {parcel} is held at customs, and nothing has happened since.")
        }
        (_, Progress::Problem, _) => {
            write!(f, "The carrier named a problem with the parcel {parcel}, and nothing has happened since.")
        }
        _ => write!(f, "The parcel {parcel} has stopped moving."),
    }
}

/// At most ten of them, and how many more there are.
fn listed(words: &[String]) -> String {
    listed_up_to(10, words, ", ")
}

fn listed_up_to(most: usize, words: &[String], between: &str) -> String {
    let shown = words.iter().take(most).map(String::as_str).collect::<Vec<_>>().join(between);
    match words.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown}{between}and {more} more"),
    }
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("one {noun}") } else { format!("{count} {noun}s") }
}

fn write_why(f: &mut fmt::Formatter<'_>, why: Option<&str>) -> fmt::Result {
    match why {
        Some(why) => write!(f, ": {why}."),
        None => f.write_str("."),
    }
}
