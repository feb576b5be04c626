//! What layers write back: holds, parcels, and a refusal on a person's decision. All of it into our own row, under its revision;
//! only a refusal reaches Stripe.

use std::collections::{BTreeMap, BTreeSet};

use domain::decision::Refusal;
use domain::order::Order;
use domain::parcel::{Contents, Tracking, normalised};
use domain::provider::Trouble;
use domain::subject::short_hash;

use super::Headless;
use super::row::{OrderRow, RowFulfilment, RowRefusal};
use super::status::Status;
use super::stripe::{Form, wire};
use super::table::OrderTable;
use super::translate::{fulfilment_line_id, fulfilment_order_id};
use crate::{HoldOrder, RefuseOrder, ReleaseHold, TrackFulfilment, WriteFulfilment};

fn unknown(number: u64) -> Trouble {
    Trouble::Refused { why: format!("there is no order #{number} in the order table") }
}

impl<T: OrderTable> WriteFulfilment for Headless<T> {
    /// A parcel whose number the order has already is that parcel, written once.
    async fn fulfil(&self, contents: &Contents, tracking: Option<&Tracking>) -> Result<String, Trouble> {
        let refused = |why: &str| Trouble::Refused { why: why.to_owned() };
        let mut orders = contents.keys();
        let (Some(id), None) = (orders.next(), orders.next()) else {
            return Err(refused("a parcel holds pieces of exactly one order"));
        };
        let number = id.split('-').next().and_then(|number| number.parse().ok());
        let Some(number) = number.filter(|number| *id == fulfilment_order_id(*number)) else {
            return Err(refused(&format!("{id} is no fulfilment order of this store")));
        };
        let written = self.update(number, |row| add_parcel(row, &contents[id], tracking)).await?;
        written.map(|(_, id)| id).ok_or_else(|| unknown(number))
    }
}

fn add_parcel(
    row: &mut OrderRow,
    lines: &[domain::parcel::FulfilmentLine],
    tracking: Option<&Tracking>,
) -> Result<String, Trouble> {
    let wanted = tracking.and_then(|tracking| normalised(&tracking.number));
    let has = |parcel: &RowFulfilment| parcel.tracking.iter().any(|known| normalised(&known.number) == wanted);
    if wanted.is_some()
        && let Some(known) = row.fulfilments.iter().find(|parcel| has(parcel))
    {
        return Ok(known.id.clone());
    }
    let refused = |why: String| Err(Trouble::Refused { why });
    if row.is_cancelled() {
        return refused(format!("order {} is cancelled", row.name()));
    }
    if !row.holds.is_empty() {
        return refused(format!("order {} is on hold", row.name()));
    }
    let mut pieces: BTreeMap<String, u32> = BTreeMap::new();
    for line in lines {
        let at = (1..=row.lines.len()).find(|at| fulfilment_line_id(row.number, *at) == line.id);
        let Some(at) = at else { return refused(format!("order {} has no line {}", row.name(), line.id)) };
        *pieces.entry(at.to_string()).or_default() += line.quantity;
        let wanted = pieces.get(&at.to_string()).copied().unwrap_or(0);
        if wanted > row.remaining(at) {
            return refused(format!(
                "of line {} of order {} no more than {} remain",
                at,
                row.name(),
                row.remaining(at)
            ));
        }
    }
    if pieces.values().all(|quantity| *quantity == 0) {
        return refused("a parcel with nothing in it".to_owned());
    }
    let id = format!("{}-parcel-{}", row.number, row.fulfilments.len() + 1);
    row.fulfilments.push(RowFulfilment { id: id.clone(), tracking: tracking.cloned().into_iter().collect(), pieces });
    Ok(id)
}

impl<T: OrderTable> TrackFulfilment for Headless<T> {
    async fn track(&self, fulfilment: &str, tracking: &[Tracking]) -> Result<(), Trouble> {
        let unknown = || Trouble::Refused { why: format!("there is no parcel {fulfilment} in the order table") };
        if tracking.is_empty() {
            return Ok(());
        }
        let mut seen = BTreeSet::new();
        let numbers: Vec<_> = tracking.iter().filter(|one| seen.insert(normalised(&one.number))).cloned().collect();
        let number = fulfilment.split('-').next().and_then(|number| number.parse().ok()).ok_or_else(unknown)?;
        let written = self.update(number, |row| {
            let parcel = row.fulfilments.iter_mut().find(|parcel| parcel.id == fulfilment).ok_or_else(unknown)?;
            parcel.tracking.clone_from(&numbers);
            Ok(())
        });
        written.await?.map(|_| ()).ok_or_else(unknown)
    }
}

impl<T: OrderTable> HoldOrder for Headless<T> {
    async fn hold(&self, order: &Order, handle: &str, note: &str) -> Result<(), Trouble> {
        let held = self.update(order.id.0, |row| {
            if row.has_something_to_send() && !row.is_cancelled() {
                row.holds.entry(handle.to_owned()).or_insert_with(|| note.to_owned());
            }
            Ok(())
        });
        held.await?.map(|_| ()).ok_or_else(|| unknown(order.id.0))
    }
}

impl<T: OrderTable> ReleaseHold for Headless<T> {
    async fn release_hold(&self, order: &Order, handle: &str) -> Result<(), Trouble> {
        let released = self.update(order.id.0, |row| {
            row.holds.remove(handle);
            Ok(())
        });
        released.await?.map(|_| ()).ok_or_else(|| unknown(order.id.0))
    }
}

impl<T: OrderTable> RefuseOrder for Headless<T> {
    /// First the order is cancelled, then the money goes back, then the refund is noted: whoever is stopped in between goes on
    /// from there, since the decision is the refund's key.
    async fn refuse(&self, order: &Order, decision: &Refusal) -> Result<String, Trouble> {
        self.cancel(order.id.0, decision.id()).await
    }
}

impl<T: OrderTable> Headless<T> {
    /// Cancels an order and gives back what is left of its money; the refund's id, or why there is none.
    pub(super) async fn cancel(&self, number: u64, decision: &str) -> Result<String, Trouble> {
        let Some(mut row) = self.table.get(number).await? else { return Err(unknown(number)) };
        if row.status == Status::Awaiting {
            let why = "the money is still under way, and what has not come cannot be given back: refuse it again when the \
                       payment has arrived, or has failed";
            return Err(Trouble::Refused { why: why.to_owned() });
        }
        if !row.status.is_order() {
            row = self.close(&row).await?;
        }
        let cancelled = self.update(number, |row| {
            let refusal = RowRefusal { decision: decision.to_owned(), reference: None };
            let refusal = row.refusal.get_or_insert(refusal).clone();
            row.holds.clear();
            Ok(refusal)
        });
        let (_, refusal) = cancelled.await?.ok_or_else(|| unknown(number))?;
        if let Some(reference) = refusal.reference {
            return Ok(reference);
        }
        let reference = match row.payment.as_ref().filter(|_| row.status == Status::Paid) {
            Some(payment) => self.give_back(payment, &refusal.decision).await?,
            None => "no money to give back".to_owned(),
        };
        let noted = self.update(number, |row| {
            if let Some(refusal) = &mut row.refusal {
                refusal.reference = Some(reference.clone());
            }
            Ok(())
        });
        noted.await?;
        Ok(reference)
    }

    /// Closes an unfinished checkout, so that nobody pays for what is refused. The order as it is then.
    async fn close(&self, row: &OrderRow) -> Result<OrderRow, Trouble> {
        let open = row.sessions.iter().filter(|(_, status)| **status == Status::Open).map(|(id, _)| id);
        let mut row = row.clone();
        for session in open.cloned().collect::<Vec<_>>() {
            let path = format!("/v1/checkout/sessions/{session}/expire");
            let key = format!("expire-{}", short_hash(&[&session], 32));
            match self.stripe.post::<wire::Named>(&path, &Form::default(), &key).await {
                // It expired by itself, or was paid in this very moment: the look says which.
                Ok(_) | Err(Trouble::Refused { .. }) => row = self.look_at_session(&row, &session).await?,
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(row)
    }

    async fn give_back(&self, payment: &str, decision: &str) -> Result<String, Trouble> {
        let form = Form::default().with("payment_intent", payment).with("metadata[baton_decision]", decision);
        let key = format!("refund-{}", short_hash(&[payment, decision], 32));
        match self.stripe.post::<wire::Named>("/v1/refunds", &form, &key).await {
            Ok(refund) => Ok(refund.id),
            // By hand, or by an attempt so long ago that Stripe has forgotten its key.
            Err(Trouble::Refused { why }) if why.starts_with("charge_already_refunded") => {
                Ok("all of the money was given back already".to_owned())
            }
            Err(trouble) => Err(trouble),
        }
    }
}
