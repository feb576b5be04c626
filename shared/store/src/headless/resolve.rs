//! What Stripe told us becomes what is true: we ask it, write what it says into the order, and say which facts follow.
//!
//! A message names an object and nothing else of it is believed. So messages that are late, repeated or out of order all end in
//! the same row: each only says when to look.

use domain::provider::Trouble;
use domain::subject::OrderId;
use serde::de::DeserializeOwned;

use super::row::{Observed, OrderRow};
use super::stripe::{Form, PAGE, wire};
use super::table::OrderTable;
use super::{Headless, observe, translate};
use crate::{ResolvePayment, Resolved};

/// What an object of Stripe's leads to.
#[derive(Default)]
struct Trail {
    session: Option<wire::Session>,
    intent: Option<wire::Intent>,
    /// A dispute, a refund or a warning the trail began at: the list Stripe gives by payment may be behind.
    seen: Observed,
    /// A charge that belongs to no payment intent (Stripe's older way to take money): never ours.
    stray: Option<wire::Charge>,
}

/// Whose payment it is.
enum Owner {
    Ours(Box<OrderRow>),
    /// Another shop's on the same account, or of a kind we do not sell by.
    Another,
    /// It says it is ours, or does not say, and no order of ours is it.
    Nobody,
}

impl<T: OrderTable> ResolvePayment for Headless<T> {
    async fn resolve(&self, _topic: &str, object: &str) -> Result<Resolved, Trouble> {
        let trail = self.follow(object).await?;
        match self.owner(&trail).await? {
            Owner::Another => Ok(Resolved::Nothing),
            Owner::Nobody => money_without_order(&trail),
            Owner::Ours(row) => {
                let row = self.take_over(&row, &trail).await?;
                // A second payment for an order that is paid, or one by another way than the order's own checkout.
                if trail
                    .intent
                    .as_ref()
                    .is_some_and(|intent| succeeded(intent) && row.payment.as_ref() != Some(&intent.id))
                {
                    return money_without_order(&trail);
                }
                let order = translate::order(&row)?;
                Ok(Resolved::Order {
                    order: OrderId(row.number),
                    name: row.name(),
                    facts: translate::facts(&row, &order),
                })
            }
        }
    }
}

fn succeeded(intent: &wire::Intent) -> bool {
    intent.status.as_deref() == Some("succeeded")
}

/// Money that came in and belongs to no order; a payment that did not succeed is none.
fn money_without_order(trail: &Trail) -> Result<Resolved, Trouble> {
    if let Some(intent) = trail.intent.as_ref().filter(|intent| intent.amount_received.unwrap_or(0) > 0) {
        let amount = observe::money(intent.amount_received, intent.currency.as_deref())?.to_string();
        return Ok(Resolved::MoneyWithoutOrder { payment: intent.id.clone(), amount });
    }
    if let Some(charge) = trail.stray.as_ref().filter(|charge| charge.status.as_deref() == Some("succeeded")) {
        let amount = observe::money(charge.amount, charge.currency.as_deref())?.to_string();
        return Ok(Resolved::MoneyWithoutOrder { payment: charge.id.clone(), amount });
    }
    Ok(Resolved::Nothing)
}

impl<T: OrderTable> Headless<T> {
    /// Looks at an object and takes over what it shows; `None`: it is about no order of ours.
    pub(super) async fn look(&self, object: &str) -> Result<Option<OrderRow>, Trouble> {
        let trail = self.follow(object).await?;
        match self.owner(&trail).await? {
            Owner::Ours(row) => self.take_over(&row, &trail).await.map(Some),
            Owner::Another | Owner::Nobody => Ok(None),
        }
    }

    /// Looks at a session of an order and writes what it shows; the order as it is then.
    pub(super) async fn look_at_session(&self, row: &OrderRow, session: &str) -> Result<OrderRow, Trouble> {
        let trail = self.follow(session).await?;
        self.take_over(row, &trail).await
    }

    /// Looks at a payment of an order and writes what it shows; the order as it is then.
    pub(super) async fn look_at_payment(&self, row: &OrderRow, intent: &str) -> Result<OrderRow, Trouble> {
        let trail = self.follow(intent).await?;
        self.take_over(row, &trail).await
    }

    /// From any object to the session and the payment it is about. The kind is in the id.
    async fn follow(&self, object: &str) -> Result<Trail, Trouble> {
        let kind = object.split('_').next().unwrap_or(object);
        match kind {
            "cs" => {
                let expand = Form::default().with("expand[0]", "payment_intent");
                let path = format!("/v1/checkout/sessions/{object}");
                let mut session: wire::Session = self.known(&path, &expand, object).await?;
                let intent = session.payment_intent.take().and_then(wire::Expandable::whole);
                Ok(Trail { session: Some(session), intent, ..Trail::default() })
            }
            "pi" => self.trail_of_intent(object).await,
            "ch" | "py" => self.trail_of_charge(object).await,
            "re" | "pyr" => {
                let refund: wire::Refund =
                    self.known(&format!("/v1/refunds/{object}"), &Form::default(), object).await?;
                let mut trail =
                    self.trail_of_either(refund.payment_intent.as_deref(), refund.charge.as_deref()).await?;
                trail.seen.refunds.push(observe::refund(&refund)?);
                Ok(trail)
            }
            "du" | "dp" | "pdp" => {
                let dispute: wire::Dispute =
                    self.known(&format!("/v1/disputes/{object}"), &Form::default(), object).await?;
                let mut trail =
                    self.trail_of_either(dispute.payment_intent.as_deref(), dispute.charge.as_deref()).await?;
                trail.seen.disputes.push(observe::dispute(&dispute));
                Ok(trail)
            }
            "issfr" => {
                let path = format!("/v1/radar/early_fraud_warnings/{object}");
                let warning: wire::Warning = self.known(&path, &Form::default(), object).await?;
                let mut trail =
                    self.trail_of_either(warning.payment_intent.as_deref(), warning.charge.as_deref()).await?;
                trail.seen.warnings.push(observe::warning(&warning));
                Ok(trail)
            }
            _ => Err(Trouble::Refused { why: format!("{object} is of no kind we know at Stripe") }),
        }
    }

    async fn trail_of_either(&self, intent: Option<&str>, charge: Option<&str>) -> Result<Trail, Trouble> {
        match (intent, charge) {
            (Some(intent), _) => self.trail_of_intent(intent).await,
            (None, Some(charge)) => self.trail_of_charge(charge).await,
            (None, None) => Ok(Trail::default()),
        }
    }

    async fn trail_of_charge(&self, object: &str) -> Result<Trail, Trouble> {
        let charge: wire::Charge = self.known(&format!("/v1/charges/{object}"), &Form::default(), object).await?;
        match &charge.payment_intent {
            Some(intent) => self.trail_of_intent(intent).await,
            None => Ok(Trail { stray: Some(charge), ..Trail::default() }),
        }
    }

    async fn trail_of_intent(&self, object: &str) -> Result<Trail, Trouble> {
        let intent: wire::Intent =
            self.known(&format!("/v1/payment_intents/{object}"), &Form::default(), object).await?;
        let query = Form::default().with("payment_intent", object).with("limit", 1);
        let sessions: Option<wire::List<wire::Session>> = self.stripe.get("/v1/checkout/sessions", &query).await?;
        let session = sessions.and_then(|list| list.data.into_iter().next());
        Ok(Trail { session, intent: Some(intent), ..Trail::default() })
    }

    /// An object that Stripe itself named to us.
    async fn known<O: DeserializeOwned>(&self, path: &str, query: &Form, object: &str) -> Result<O, Trouble> {
        self.stripe.get(path, query).await?.ok_or_else(|| Trouble::Refused {
            why: format!(
                "Stripe does not know {object}, which it told us of: check that the secret key is of the same account and \
                 mode (test or live) as the webhook"
            ),
        })
    }

    /// Whose it is, by what we wrote on it, or by what we noted when it paid.
    async fn owner(&self, trail: &Trail) -> Result<Owner, Trouble> {
        if trail.session.as_ref().is_some_and(|session| session.mode.as_deref().is_some_and(|mode| mode != "payment")) {
            return Ok(Owner::Another);
        }
        let session = trail.session.as_ref().and_then(|session| session.metadata.as_ref());
        let intent = trail.intent.as_ref().and_then(|intent| intent.metadata.as_ref());
        let written = session.into_iter().chain(intent).find(|metadata| metadata.get("baton_order").is_some());
        let number = match written {
            Some(metadata) if metadata.get("baton_shop") != Some(&self.shop) => return Ok(Owner::Another),
            Some(metadata) => metadata.get("baton_order").and_then(|number| number.parse().ok()),
            None => match (&trail.intent, trail.session.as_ref().and_then(|session| session.recovered_from.as_deref()))
            {
                (Some(intent), None) => self.table.pointed(&format!("payment#{}", intent.id)).await?,
                // A checkout that Stripe brought back is a copy of ours.
                (_, Some(first)) => self.number_of_session(first).await?,
                (None, None) => None,
            },
        };
        let row = match number {
            Some(number) => self.table.get(number).await?,
            None => None,
        };
        Ok(row.map_or(Owner::Nobody, |row| Owner::Ours(Box::new(row))))
    }

    async fn number_of_session(&self, session: &str) -> Result<Option<u64>, Trouble> {
        let path = format!("/v1/checkout/sessions/{session}");
        let session: wire::Session = self.known(&path, &Form::default(), session).await?;
        let ours = session.metadata.filter(|metadata| metadata.get("baton_shop") == Some(&self.shop));
        Ok(ours.and_then(|metadata| metadata.get("baton_order")?.parse().ok()))
    }

    /// Writes everything Stripe says about this payment of this order.
    async fn take_over(&self, row: &OrderRow, trail: &Trail) -> Result<OrderRow, Trouble> {
        let intent = trail.intent.as_ref();
        let open = trail.session.as_ref().filter(|session| session.status.as_deref() == Some("open"));
        if let (Some(session), true) = (open, intent.is_some_and(succeeded)) {
            let why = format!("it has the money and has not closed the checkout {} yet", session.id);
            return Err(Trouble::Unavailable { why });
        }
        let mut seen = match (&trail.session, intent) {
            (Some(session), intent) => observe::session(session, intent)?,
            (None, Some(intent)) if row.sessions.is_empty() => observe::payment(intent)?,
            (None, intent) => Observed { payment: intent.map(|intent| intent.id.clone()), ..Observed::default() },
        };
        seen.refunds.clone_from(&trail.seen.refunds);
        seen.disputes.clone_from(&trail.seen.disputes);
        seen.warnings.clone_from(&trail.seen.warnings);
        if let Some(intent) = intent {
            self.charges_of(&intent.id, &mut seen).await?;
        }
        if let Some(bill) = seen.bill.as_ref().filter(|bill| bill.status == super::status::Status::Paid) {
            if let Some(payment) = &seen.payment {
                self.table.point(&format!("payment#{payment}"), row.number).await?;
            }
            if !row.test {
                self.table.note_paid(bill.placed).await?;
            }
        }
        let changed = self.update(row.number, |row| {
            row.absorb(&seen);
            Ok(())
        });
        match changed.await? {
            Some((row, ())) => {
                self.remember(&row).await?;
                Ok(row)
            }
            None => Err(Trouble::Broken { why: format!("order {} is gone from the order table", row.name()) }),
        }
    }

    /// Every attempt to pay, and where one of them says so its refunds and disputes.
    async fn charges_of(&self, intent: &str, seen: &mut Observed) -> Result<(), Trouble> {
        let charges: Vec<wire::Charge> = self.of_payment("/v1/charges", intent).await?;
        for charge in &charges {
            seen.attempts.push(observe::attempt(charge)?);
        }
        if charges.iter().any(|charge| charge.amount_refunded.unwrap_or(0) > 0) {
            let refunds: Vec<wire::Refund> = self.of_payment("/v1/refunds", intent).await?;
            for refund in &refunds {
                seen.refunds.push(observe::refund(refund)?);
            }
        }
        if charges.iter().any(|charge| charge.disputed == Some(true)) {
            let disputes: Vec<wire::Dispute> = self.of_payment("/v1/disputes", intent).await?;
            seen.disputes.extend(disputes.iter().map(observe::dispute));
        }
        Ok(())
    }

    /// All of a kind that belong to a payment: one page, since nobody tries to pay a hundred times on one page of Stripe's.
    async fn of_payment<O: DeserializeOwned>(&self, path: &str, intent: &str) -> Result<Vec<O>, Trouble> {
        let query = Form::default().with("payment_intent", intent).with("limit", PAGE);
        let list: Option<wire::List<O>> = self.stripe.get(path, &query).await?;
        Ok(list.map(|list| list.data).unwrap_or_default())
    }
}
