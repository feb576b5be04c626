//! People, their consent, their carts, and whether they bought.

use domain::Timestamp;
use domain::contact::{Bought, Checkout, CheckoutLine, Consent, Contact, ContactId, Match, Who};
use domain::money::CustomerMoney;
use domain::order::TEST_TAG;
use domain::provider::Trouble;
use domain::subject::OrderId;

use super::person::{ContactRow, id_of, place_of};
use super::row::{Bill, OrderRow};
use super::table::OrderTable;
use super::translate::{address, broken};
use super::{Headless, TRIES};
use crate::{AddContact, BoughtSince, ReadCheckout, ReadContact, SetConsent};

impl<T: OrderTable> ReadContact for Headless<T> {
    async fn contact(&self, id: &ContactId) -> Result<Option<Contact>, Trouble> {
        Ok(self.table.contact(&id.0).await?.map(|row| row.contact()))
    }

    async fn contact_by_mail(&self, mail: &str) -> Result<Option<Contact>, Trouble> {
        self.contact(&id_of(mail)).await
    }
}

impl<T: OrderTable> SetConsent for Headless<T> {
    async fn set_consent(&self, id: &ContactId, consent: Consent, at: Timestamp) -> Result<(), Trouble> {
        sayable(consent)?;
        let known = self.table.contact(&id.0).await?;
        let Some(row) = known else {
            return Err(Trouble::Refused { why: "the store does not know this customer (any more)".to_owned() });
        };
        self.change_contact(row, |row| row.say(consent, at)).await
    }
}

impl<T: OrderTable> AddContact for Headless<T> {
    async fn add_contact(
        &self,
        mail: &str,
        consent: Consent,
        language: Option<&str>,
        at: Timestamp,
    ) -> Result<ContactId, Trouble> {
        sayable(consent)?;
        let mut row = ContactRow { language: language.map(str::to_owned), ..ContactRow::new(mail) };
        row.say(consent, at);
        // Whoever is known already stays as they are.
        self.table.put_contact(&row, None).await?;
        Ok(ContactId(row.id))
    }
}

/// Only three of them can be said; the others are for want of a word.
fn sayable(consent: Consent) -> Result<(), Trouble> {
    match consent {
        Consent::Subscribed | Consent::Pending | Consent::Unsubscribed => Ok(()),
        Consent::NotSubscribed | Consent::Unknown => {
            Err(Trouble::Refused { why: format!("{} is nothing that anybody says", consent.as_str()) })
        }
    }
}

impl<T: OrderTable> ReadCheckout for Headless<T> {
    /// A cart is an order that nobody has finished, under the same number.
    async fn checkout(&self, id: &str) -> Result<Option<Checkout>, Trouble> {
        let Ok(number) = id.parse() else { return Ok(None) };
        self.table.get(number).await?.map(|row| self.cart_of(&row)).transpose()
    }
}

impl<T: OrderTable> BoughtSince for Headless<T> {
    async fn bought_since(&self, who: &Who, since: Timestamp) -> Result<Option<Bought>, Trouble> {
        let found = |by, order| Ok(Some(Bought { by, order: Some(OrderId(order)) }));
        if let Some(number) = who.checkout.as_ref().and_then(|id| id.parse().ok())
            && self.table.get(number).await?.is_some_and(|row| row.status.is_order())
        {
            return found(Match::Checkout, number);
        }
        let people = [(Match::Customer, who.customer.clone()), (Match::Mail, who.mail.as_deref().map(id_of))];
        for (by, id) in people {
            let Some(id) = id else { continue };
            let Some(row) = self.table.contact(&id.0).await? else { continue };
            let newest = row.orders.iter().filter(|(_, placed)| **placed >= since).max_by_key(|(_, placed)| **placed);
            if let Some(number) = newest.and_then(|(number, _)| number.parse().ok()) {
                return found(by, number);
            }
        }
        if let Some(place) = who.address.as_ref().and_then(place_of)
            && let Some((number, _)) = self.table.newest_at(&place).await?.filter(|(_, placed)| *placed >= since)
        {
            return found(Match::Address, number);
        }
        Ok(None)
    }
}

impl<T: OrderTable> Headless<T> {
    /// Changes a contact under their revision; whoever decided on an older one decides again. A change that changes nothing writes
    /// nothing.
    async fn change_contact(
        &self,
        mut before: ContactRow,
        change: impl Fn(&mut ContactRow) + Send + Sync,
    ) -> Result<(), Trouble> {
        for _ in 0..TRIES {
            let mut row = before.clone();
            change(&mut row);
            if row == before {
                return Ok(());
            }
            row.rev = before.rev + 1;
            if self.table.put_contact(&row, Some(before.rev)).await? {
                return Ok(());
            }
            before = self.table.contact(&row.id).await?.unwrap_or(before);
        }
        Err(Trouble::Unavailable { why: "a contact changes too often just now".to_owned() })
    }

    /// The same for somebody who may be new.
    async fn meet(&self, mail: &str, change: impl Fn(&mut ContactRow) + Send + Sync) -> Result<(), Trouble> {
        let known = match self.table.contact(&id_of(mail).0).await? {
            Some(known) => known,
            None => {
                let mut row = ContactRow::new(mail);
                change(&mut row);
                if self.table.put_contact(&row, None).await? {
                    return Ok(());
                }
                self.table.contact(&row.id).await?.unwrap_or(row)
            }
        };
        self.change_contact(known, change).await
    }

    /// Whoever bought, or left a cart and agreed to hear of it, is a contact from then on. Doing it again changes nothing.
    pub(super) async fn remember(&self, row: &OrderRow) -> Result<(), Trouble> {
        if row.test && row.tags.iter().any(|tag| tag.starts_with(TEST_TAG)) {
            return Ok(());
        }
        if let Some(left) = &row.left {
            self.meet(&left.email, |contact| contact.say(Consent::Subscribed, left.at)).await?;
        }
        match (&row.bill, row.bought_at()) {
            (Some(bill), Some(at)) => self.remember_buyer(row.number, bill, at).await,
            _ => Ok(()),
        }
    }

    async fn remember_buyer(&self, number: u64, bill: &Bill, at: Timestamp) -> Result<(), Trouble> {
        let to = bill.ship_to.as_ref().or(bill.bill_to.as_ref());
        if let Some(mail) = bill.email.as_deref().filter(|mail| mail.contains('@')) {
            // The person pays; a parcel may go to somebody else.
            let name = bill.bill_to.as_ref().or(to).and_then(|to| to.name.split_whitespace().next());
            self.meet(mail, |contact| {
                let known = contact.orders.entry(number.to_string()).or_insert(at);
                *known = at.max(*known);
                if let Some(name) = name {
                    contact.first_name = Some(name.to_owned());
                }
                if let Some(to) = to {
                    contact.country = Some(to.country.clone());
                }
                if bill.agreed {
                    contact.say(Consent::Subscribed, bill.placed);
                }
            })
            .await?;
        }
        match to.map(address).as_ref().and_then(place_of) {
            Some(place) => self.table.note_at(&place, number, at).await,
            None => Ok(()),
        }
    }

    fn cart_of(&self, row: &OrderRow) -> Result<Checkout, Trouble> {
        let bill = row.bill.as_ref();
        let mut total = row.lines.first().map(|line| line.unit_price.zero());
        for line in &row.lines {
            let price = line.unit_price.times(line.quantity).map_err(broken)?;
            total = total.map(|sum| sum.plus(price)).transpose().map_err(broken)?;
        }
        let total = bill.map(|bill| bill.total).or(total).ok_or_else(|| broken("a cart without lines"))?;
        let left = row.left.as_ref();
        let email = bill.and_then(|bill| bill.email.clone()).or_else(|| left.map(|left| left.email.clone()));
        let now = self.now();
        let open = row.link.as_ref().filter(|link| now < link.expires).map(|link| link.url.clone());
        let recovery = left.and_then(|left| left.recover.clone()).filter(|(_, until)| now < *until).map(|(url, _)| url);
        Ok(Checkout {
            id: row.number.to_string(),
            customer: email.as_deref().map(id_of),
            email,
            started: row.created,
            updated: row.updated,
            completed: row.bought_at(),
            lines: row
                .lines
                .iter()
                .map(|line| CheckoutLine {
                    title: line.title.clone(),
                    variant_title: line.variant_title.clone(),
                    quantity: line.quantity,
                    unit_price: CustomerMoney(line.unit_price),
                    image: line.image.clone(),
                })
                .collect(),
            total: CustomerMoney(total),
            recover_url: recovery.or(open),
            address: bill
                .and_then(|bill| bill.ship_to.as_ref().or(bill.bill_to.as_ref()))
                .or_else(|| left.and_then(|left| left.address.as_ref()))
                .map(address),
            language: None,
        })
    }
}
