//! Was tax charged where the owner has to charge it?

use serde::{Deserialize, Deserializer, de};

use crate::order::Order;

/// A country (`DE`) or a part of one (`US-KY`), where the owner has to charge tax.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place(String);

impl Place {
    /// ISO 3166-1 alpha-2, or ISO 3166-2; letter case does not count.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (country, part) = text.split_once('-').unwrap_or((text, "0"));
        let plain = |text: &str, most: usize| {
            (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let country_fits = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_alphabetic());
        (country_fits && plain(part, 3)).then(|| Self(text.to_uppercase()))
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            de::Error::custom(format!("{text:?} is neither a country like \"DE\" nor a part like \"US-KY\""))
        })
    }
}

/// The place where tax was due and none was charged. Only where something taxable was sold: not gift cards, and not what the
/// store gave away; and not to a buyer whom the store exempts on purpose.
#[must_use]
pub fn missing(order: &Order, due: &[Place]) -> Option<String> {
    let parts = &order.amounts.customer;
    if order.tax_exempt || parts.tax.0.minor() != 0 {
        return None;
    }
    let taxable =
        |line: &crate::order::Line| !line.gift_card && line.quantity > 0 && line.customer_unit_price.0.minor() > 0;
    let given_away = parts.lines.0.minor() <= parts.discounts.0.minor();
    if given_away || !order.lines.iter().any(taxable) {
        return None;
    }
    let address = order.ship_to.as_ref().or(order.bill_to.as_ref())?;
    let country = address.country_code.trim().to_uppercase();
    let part = address.province_code.as_deref().map(|part| format!("{country}-{}", part.trim().to_uppercase()));
    // The closer name says more.
    let names = part.into_iter().chain([country]);
    names.into_iter().find(|name| due.iter().any(|place| place.0 == *name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::money::CustomerMoney;

    fn untaxed() -> Order {
        let mut order = fixture::order().unwrap();
        order.amounts.customer.tax = CustomerMoney(order.amounts.customer.tax.0.zero());
        order
    }

    fn due(places: &[&str]) -> Vec<Place> {
        places.iter().map(|place| Place::parse(place).unwrap()).collect()
    }

    #[test]
    fn no_tax_where_it_is_due_and_not_elsewhere() {
        assert_eq!(missing(&untaxed(), &due(&["DE", "us-ky"])).as_deref(), Some("US-KY"));
        assert_eq!(missing(&untaxed(), &due(&["US"])).as_deref(), Some("US"));
        assert_eq!(missing(&untaxed(), &due(&["DE", "US-OR"])), None);
        assert_eq!(missing(&untaxed(), &[]), None);
        assert_eq!(missing(&fixture::order().unwrap(), &due(&["US-KY"])), None, "it was charged");
    }

    #[test]
    fn an_exempt_buyer_a_gift_card_and_a_present_owe_none() {
        let due = due(&["US-KY"]);
        assert_eq!(missing(&Order { tax_exempt: true, ..untaxed() }, &due), None);
        let mut gift = untaxed();
        gift.lines[0].gift_card = true;
        assert_eq!(missing(&gift, &due), None);
        let mut present = untaxed();
        present.amounts.customer.discounts = present.amounts.customer.lines;
        assert_eq!(missing(&present, &due), None);
    }

    #[test]
    fn a_download_is_taxed_where_the_bill_goes() {
        let digital = Order { ship_to: None, ..untaxed() };
        assert_eq!(missing(&digital, &due(&["US-KY"])).as_deref(), Some("US-KY"));
        assert_eq!(missing(&Order { bill_to: None, ..digital }, &due(&["US-KY"])), None, "nobody knows where");
    }

    #[test]
    fn a_place_is_a_code() {
        for text in ["Germany", "D", "US_KY", "US-", "12", "US-KENT"] {
            assert_eq!(Place::parse(text), None, "{text}");
        }
    }
}
