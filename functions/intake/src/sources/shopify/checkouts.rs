//! Checkouts: begun, changed, gone.

use domain::event::{CheckoutEnd, Fact};
use domain::subject::Subject;
use serde::Deserialize;

use super::super::{AnyId, Translated, Unreadable, read};
use super::{Delivery, about};

pub(super) fn started(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    let mut checkout: Checkout = read(delivery.body)?;
    let at = delivery.moment(checkout.updated_at.take());
    let customer = checkout.customer.take().and_then(|customer| customer.id).map(|id| id.0);
    Ok(about(checkout.subject()?, Fact::CheckoutStarted { at, customer }))
}

/// Shopify deletes a checkout when it is bought, and when it is too old.
pub(super) fn ended(delivery: &Delivery<'_>) -> Result<Translated, Unreadable> {
    let checkout: Checkout = read(delivery.body)?;
    Ok(about(checkout.subject()?, Fact::CheckoutEnded { how: CheckoutEnd::Deleted }))
}

#[derive(Deserialize)]
struct Checkout {
    id: Option<AnyId>,
    name: Option<String>,
    token: Option<AnyId>,
    updated_at: Option<String>,
    #[serde(default)]
    customer: Option<Customer>,
}

#[derive(Deserialize)]
struct Customer {
    id: Option<AnyId>,
}

impl Checkout {
    /// The one place that says which checkout it is: its number, since the body of `checkouts/delete` has no token and an order
    /// names both. Some bodies have the number only as their name (`#` and the digits); the token stands in where neither does.
    fn subject(self) -> Result<Subject, Unreadable> {
        let is_number = |text: &String| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let of_name = || self.name.as_ref().and_then(|name| name.strip_prefix('#')).map(str::to_owned);
        let number = self.id.map(|id| id.0).filter(is_number).or_else(|| of_name().filter(is_number));
        let token = || self.token.map(|token| token.0).filter(|token| !token.is_empty());
        let known = number.or_else(token).ok_or_else(|| Unreadable("neither id nor token is there".to_owned()))?;
        Ok(Subject::Checkout(known.chars().filter(|c| !c.is_control()).take(128).collect()))
    }
}
