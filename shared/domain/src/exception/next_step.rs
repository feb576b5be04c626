//! What the owner does next, per kind of exception.

use super::{CancelOutcome, ChangeOutcome, SendingStop, What};
use crate::event::PartnerStop;
use crate::handoff::Wait;
use crate::parcel::Progress;
use crate::plan::Problem;

impl What {
    /// What the owner does next.
    #[must_use]
    pub fn next_step(&self) -> String {
        const REPLAY: &str = "then run `make replay EXCEPTION=<id>`";
        const ARRIVES: &str =
            "Follow the tracking link, ask the carrier where it is, and tell the customer when it comes.";
        match self {
            Self::Held(hold) => hold.next_step(),
            Self::HeldTooLate { .. } => "Decide now: cancel it in the store, and the partner is asked to stop; or let it be made.".into(),
            Self::TaxMissing { .. } => "Check the store's tax settings for that place. The order goes on; the tax may be yours to pay.".into(),
            Self::Disputed { .. } => "Answer it in the payment provider's dashboard with the order's trace and the proof of delivery.".into(),
            Self::MoneyWithoutOrder { .. } => "Open the payment at the provider: refund it there, or enter the order in the store.".into(),
            Self::DecisionNotDone { .. } => format!("Do it in the store by hand, or mend the cause, {REPLAY}."),
            Self::HoldRefused { .. } => format!("Nothing is made without your decision. Check the app's permissions, {REPLAY}."),
            Self::SubscriptionLost { .. } => "Nothing: the sweep finds what was missed. If it happens again, look at the door's errors.".into(),
            Self::SubscriptionsRefused { .. } => "Do what the reason says (at Shopify it is mostly the app's permissions), then run `make subscriptions`. Until then the sweep finds the orders, some minutes later.".into(),
            Self::WebhooksMissed { .. } => "Nothing for these orders. Run `make subscriptions`, and look at the door's errors of the last hours.".into(),
            Self::SweepSilent { .. } => "Look at the log group of the capture function; `make sweep` runs it now.".into(),
            Self::PaymentsFail { .. } => "Place a test order with that way to pay (`make test-order`), and ask the payment provider.".into(),
            Self::CheckoutsStall { .. } => "Go through the checkout as a customer from there would: shipping rates, taxes, ways to pay.".into(),
            Self::NoOrders { .. } => "Run `make test-order`: it shows whether the way from checkout to partner still works.".into(),
            Self::TestOrderFailed { .. } => "Do what the reason says, then run `make test-order` again.".into(),
            Self::NotTaken { layer, .. } => {
                format!("Usually nothing: it comes through now. If this stays open, look at the log group of the {layer} function.")
            }
            Self::Unreachable { .. } => "Nothing: the order goes out by itself when the provider is back. Check its status page.".into(),
            Self::Late(wait) => match wait {
                Wait::PaymentArrives => "Remind the customer, mark the order as paid in the store, or cancel it there.".into(),
                Wait::RiskVerdict => format!("Look at the order's fraud analysis in the store, {REPLAY}."),
                Wait::PartnerAccepts => "Open the order in the partner's dashboard: is it on hold, or is a payment missing there?".into(),
                Wait::PartnerShips => "Ask the partner when it ships, and tell the customer.".into(),
                Wait::FirstScan => "Ask the partner whether the parcel was handed over.".into(),
                Wait::TrackingAlive => "Follow the tracking link; open a search with the carrier, and tell the customer.".into(),
                Wait::CustomerInformed => "Write to the customer: where the order is and when it comes.".into(),
                Wait::HeldOrder => "Decide: the link in the alert releases or refuses it; or cancel the order in the store.".into(),
                Wait::Delivered => ARRIVES.into(),
            },
            Self::LateParcel { wait: Wait::FirstScan, .. } => Self::Late(Wait::FirstScan).next_step(),
            Self::LateParcel { wait: Wait::Delivered, .. } => ARRIVES.into(),
            Self::LateParcel { progress, .. } => match progress {
                Progress::AttemptFailed => "Ask the customer when somebody is in, and agree with the carrier on another attempt.".into(),
                Progress::ReadyForPickup => "Remind the customer where it waits: carriers send it back after a week or two.".into(),
                Progress::HeldAtCustoms => "Ask the carrier which papers or duties are missing, and tell the customer.".into(),
                _ => Self::Late(Wait::TrackingAlive).next_step(),
            },
            Self::CarrierSilent { .. } => "Look at one of them on the carrier's own page. If it moves there, the tracking feed has stopped: check its account and key. If not, ask the carrier. These parcels are looked at again every day.".into(),
            Self::ParcelTrouble { progress: Progress::Lost, .. } => "Decide: send it again or refund it; claim it from the carrier, and tell the customer.".into(),
            Self::ParcelTrouble { .. } => "Follow the tracking link and ask the carrier what it needs; tell the customer.".into(),
            Self::Drift { .. } => "Nothing was corrected; what the store says stands. Go through them with `make drift`, and mend each where it is wrong.".into(),
            Self::CannotRoute(problems) => {
                let mut steps: Vec<&str> = problems.iter().map(Problem::step).collect();
                steps.dedup();
                format!("{} {}{}.", steps.join(" "), REPLAY[..1].to_uppercase(), &REPLAY[1..])
            }
            Self::PartnerRefused { .. } => format!("Mend what the partner names (order, catalog or partner account), {REPLAY}."),
            Self::PartnerStopped { how, .. } => match how {
                PartnerStop::OnHold | PartnerStop::Failed => "Open the order in the partner's dashboard and do what it asks for.",
                PartnerStop::Cancelled => "If you did not cancel it there yourself: ask the partner why, then refund or make it elsewhere.",
                PartnerStop::PaymentFailed => "Fill the partner's wallet or renew the card in its dashboard; it goes on by itself or by a click there.",
                PartnerStop::OutOfStock => "Wait, offer the customer another variant, or decide on another partner for it.",
                PartnerStop::FileRejected => "Replace the print file in the partner's dashboard, and in the catalog for the orders to come.",
                PartnerStop::AddressRejected => "Ask the customer for the right address and correct it in the store and in the partner's dashboard.",
            }
            .into(),
            Self::AddressChangedAtPartner { outcome: ChangeOutcome::Changed, .. } => "Nothing.".into(),
            Self::AddressChangedAtPartner { outcome: ChangeOutcome::Asked, .. } => "Look in the partner's dashboard in a day whether it was done.".into(),
            Self::AddressChangedAtPartner { .. } => "Ask the partner's support at once, or agree with the customer on the old address.".into(),
            Self::EditedAfterRouting { .. } => "Decide: change it in the partner's dashboard, or agree with the customer on what was ordered first.".into(),
            Self::MarginTooThin { .. } => format!("Decide: raise the price, lower margin_floor_percent in store.toml and deploy, {REPLAY}; or cancel the order in the store."),
            Self::MakeByHand { .. } => "Make it, and mark it as fulfilled in the store with its tracking number.".into(),
            Self::PartnerAppHasIt { .. } => format!("Disconnect the partner's app from the store, or take these lines out of the catalog, {REPLAY}."),
            Self::FundsLow { .. } => "Fill the partner's wallet in its dashboard, or renew the card there.".into(),
            Self::CatalogProblem { .. } => "Mend the catalog and deploy; `make catalog` shows it in full and proposes rows.".into(),
            Self::CancelledAtPartner { outcome: CancelOutcome::Cancelled, .. } => {
                "Nothing, unless the customer still has to be refunded in the store.".into()
            }
            Self::CancelledAtPartner { outcome: CancelOutcome::Refused(_), .. } => {
                "Decide: ask the partner's support to stop it, or let it ship and agree with the customer.".into()
            }
            Self::RefundedAfterRouting { .. } => "Decide: cancel it in the partner's dashboard, or let it ship.".into(),
            Self::FulfilmentRefused { .. } => format!("Open the order in the store: fulfil it there with the tracking number, or mend it, {REPLAY}."),
            Self::NoMailAddress { .. } => "Reach the customer by phone or post, or add the address in the store and replay.".into(),
            Self::MailSandboxed { .. } => format!("SES console, Account dashboard, Request production access (AWS answers within a day or two); {REPLAY}."),
            Self::SendingStopped(SendingStop::Quota) => "Nothing is lost: mails go out by themselves as the 24 hours move on, those about orders before the flows'. If it happens again: AWS console, Service Quotas, Amazon SES, Sending quota, ask for more; `make doctor` shows the figures.".into(),
            Self::SendingStopped(SendingStop::Paused) => "SES console, Account dashboard says why; AWS has written to the account's address. Mend the cause and answer there, or switch sending on again if you switched it off. Mails go out by themselves then; `make doctor` says when.".into(),
            Self::SendingStopped(SendingStop::Sender) => "Run `make doctor`: it names the DNS records that are missing. Mails go out by themselves once SES has found them.".into(),
            Self::MailUnwelcome { complaints: false, .. } => "Look through the latest bounced addresses for a pattern (one wrong import, one mistyped domain), and correct it in the store.".into(),
            Self::MailUnwelcome { .. } => "Pause the flows that went out lately (flows.toml), and check that they went only to people who asked for them.".into(),
            Self::FlowStarves { .. } => "Run `make subscriptions`: does the store still tell us of what starts it? If you do not want the flow, pause it in flows.toml.".into(),
            Self::ConsentRefused { .. } => format!("Unsubscribe the customer in the store by hand (from us nothing goes out), {REPLAY}."),
            Self::MailRefused { .. } => format!("Check the address in the store and the sending account, {REPLAY}."),
            Self::Returned { .. } => "Ask the customer for the right address, and agree on sending it again.".into(),
            Self::ProviderBroken { provider, .. } => format!("Check the key and permissions for {provider} in store.toml, run `make doctor`, {REPLAY}."),
            Self::DeadLetter { layer, .. } => format!("Look at the log group of the {layer} function, {REPLAY}."),
            Self::StreamDeadLetter => "Nothing is lost: the watchdog sends what was never taken. Look at the relay's log group.".into(),
            Self::Unreadable { .. } => "The provider may have changed its format. Nothing is lost: update Baton, then replay.".into(),
            Self::AppUninstalled => "If this was not meant: install the app again and run `make deploy`, which renews the subscriptions.".into(),
            Self::DataRequested { .. } => "Answer the customer within 30 days from the store's admin; Baton holds payloads of the last months only.".into(),
            Self::ChannelUnproven { channel, .. } if channel == "mail" => "Look into your spam folder, and whether [alerts] to in store.toml is still your address; then `make test-alert`, and click its link.".into(),
            Self::ChannelUnproven { .. } => "Look whether the receiver still shows alerts to somebody; then `make test-alert`, and open its link.".into(),
            Self::ChannelFails { channel, .. } if channel == "mail" => "Look at SES in the AWS console: is sending paused, or your address suppressed? Then `make test-alert`.".into(),
            Self::ChannelFails { .. } => "Look whether the address in the file that [alerts.webhook] url_file names is still the receiver's; put the new one there, deploy, then `make test-alert`.".into(),
            Self::Alarm { .. } => "Follow the alarm's description; `make exceptions` lists the orders concerned.".into(),
        }
    }
}
