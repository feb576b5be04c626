//! Velocity: how many orders within a time share a mail address, a street, a card or a network address.
//!
//! The counts come in from outside; what is counted is a hash, so that what is stored says nothing about anybody.

use std::net::IpAddr;

use super::{Often, Reason, Rules};
use crate::order::{Address, Order};
use crate::subject::short_hash;

/// What orders can share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trail {
    Mail,
    Address,
    Card,
    Ip,
}

impl Trail {
    /// `mail`, `address`, `card` or `ip`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Address => "address",
            Self::Card => "card",
            Self::Ip => "ip",
        }
    }
}

/// Different orders within each rule's window, this one included; 0: not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Velocity {
    pub mail: u32,
    pub address: u32,
    pub card: u32,
    pub ip: u32,
}

impl Velocity {
    /// Takes over a count.
    #[must_use]
    pub fn with(mut self, trail: Trail, orders: u32) -> Self {
        match trail {
            Trail::Mail => self.mail = orders,
            Trail::Address => self.address = orders,
            Trail::Card => self.card = orders,
            Trail::Ip => self.ip = orders,
        }
        self
    }

    fn of(self, trail: Trail) -> u32 {
        match trail {
            Trail::Mail => self.mail,
            Trail::Address => self.address,
            Trail::Card => self.card,
            Trail::Ip => self.ip,
        }
    }
}

/// Something to be counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    pub trail: Trail,
    /// 24 hex digits.
    pub hash: String,
    pub hours: u32,
}

/// The four rules.
pub(crate) fn rules(rules: &Rules) -> [(Trail, Often); 4] {
    [
        (Trail::Card, rules.same_card),
        (Trail::Mail, rules.same_mail),
        (Trail::Address, rules.same_address),
        (Trail::Ip, rules.same_ip),
    ]
}

/// What is to be counted for this order: only what is known, and only for rules that are on.
#[must_use]
pub fn counts(order: &Order, owners: &Rules) -> Vec<Count> {
    let on = rules(owners).into_iter().filter(|(_, often)| often.on());
    on.filter_map(|(trail, often)| {
        let value = match trail {
            Trail::Mail => order.email.as_deref().map(mail_box),
            Trail::Address => order.ship_to.as_ref().map(street),
            Trail::Card => order.attempts.iter().rev().find_map(|one| one.card.as_ref()?.fingerprint.clone()),
            Trail::Ip => order.buyer.ip.as_deref().and_then(network),
        }?;
        Some(Count { trail, hash: short_hash(&[trail.as_str(), &value], 24), hours: often.hours })
    })
    .collect()
}

pub(crate) fn often(trail: Trail, rule: Often, velocity: &Velocity) -> Option<Reason> {
    let orders = velocity.of(trail);
    (rule.on() && orders >= rule.orders.max(2)).then_some(Reason::Often { trail, orders, hours: rule.hours })
}

/// One mail box: what stands behind a plus does not make another, nor do Gmail's points.
fn mail_box(address: &str) -> String {
    let address = address.trim().to_lowercase();
    let Some((name, domain)) = address.rsplit_once('@') else { return address };
    let name = name.split('+').next().unwrap_or(name);
    match domain {
        "gmail.com" | "googlemail.com" => format!("{}@gmail.com", name.replace('.', "")),
        _ => format!("{name}@{domain}"),
    }
}

/// One street with its number, whoever lives there: letters and digits only.
fn street(address: &Address) -> String {
    let plain =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let place = address.zip.as_deref().filter(|zip| !zip.trim().is_empty()).unwrap_or(&address.city);
    format!("{} {} {}", plain(&address.address1), plain(place), plain(&address.country_code))
}

/// One network address; of the newer kind the half that names a customer's line, since the rest changes by itself.
fn network(ip: &str) -> Option<String> {
    match ip.trim().parse().ok()? {
        IpAddr::V4(ip) => Some(ip.to_string()),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(ip) => Some(ip.to_string()),
            None => Some(ip.segments()[..4].iter().map(|part| format!("{part:04x}")).collect()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::order::{AttemptOutcome, Buyer, Card, PaymentAttempt, Risk};
    use crate::screening::screen;

    fn order() -> Order {
        let card = Card { brand: None, fingerprint: Some("0a1b2c".into()), country: None };
        let attempt = PaymentAttempt {
            gateway: "stripe".into(),
            outcome: AttemptOutcome::Succeeded,
            manual: false,
            card: Some(card),
            error: None,
            at: fixture::order().unwrap().created,
        };
        let buyer = Buyer { ip: Some("192.0.2.7".into()), ..Buyer::default() };
        Order { attempts: vec![attempt], buyer, ..fixture::order().unwrap() }
    }

    fn words(trail: Trail, orders: u32) -> String {
        let velocity = Velocity::default().with(trail, orders);
        let tripped = screen(&order(), &velocity, &Rules::default(), Risk::High);
        tripped.iter().map(|one| format!("{} {}", one.weight, one.reason)).collect()
    }

    #[test]
    fn each_rule_its_nearest_neighbour_and_its_words() {
        insta::assert_snapshot!(words(Trail::Mail, 3), @"30 It is one of 3 orders with the same mail address within 24 hours.");
        insta::assert_snapshot!(words(Trail::Address, 3), @"30 It is one of 3 orders to the same street within 24 hours.");
        insta::assert_snapshot!(words(Trail::Card, 3), @"60 It is one of 3 orders paid with the same card within 24 hours.");
        insta::assert_snapshot!(words(Trail::Ip, 4), @"30 It is one of 4 orders from the same network address within an hour.");
        for (trail, orders) in [(Trail::Mail, 2), (Trail::Address, 2), (Trail::Card, 2), (Trail::Ip, 3)] {
            assert_eq!(words(trail, orders), "", "{trail:?}");
        }
    }

    #[test]
    fn only_what_is_known_and_on_is_counted() {
        let kinds = |order: &Order, rules: &Rules| {
            counts(order, rules).iter().map(|count| count.trail.as_str()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(kinds(&order(), &Rules::default()), "card mail address ip");
        assert_eq!(kinds(&fixture::order().unwrap(), &Rules::default()), "mail address");
        let bare = Order { email: None, ship_to: None, ..fixture::order().unwrap() };
        assert_eq!(kinds(&bare, &Rules::default()), "");
        let off = Often { hours: 0, orders: 3, weight: 30 };
        let rules = Rules { same_mail: off, same_card: Often { weight: 0, ..off }, ..Rules::default() };
        assert_eq!(kinds(&order(), &rules), "address ip");
    }

    #[test]
    fn the_same_box_street_and_line_in_other_letters() {
        assert_eq!(mail_box(" Ada.B+shop@Gmail.com"), mail_box("adab@googlemail.com"));
        assert_ne!(mail_box("ada.b@example.com"), mail_box("adab@example.com"));
        let address = fixture::order().unwrap().ship_to.unwrap();
        let same = Address { name: "Eve".into(), address1: "1, EXAMPLE STREET.".into(), ..address.clone() };
        assert_eq!(street(&address), street(&same));
        assert_ne!(street(&address), street(&Address { address1: "11 Example Street".into(), ..address.clone() }));
        assert_ne!(street(&address), street(&Address { country_code: "CA".into(), ..address }));
        assert_eq!(network("2001:db8:1:2:3::4"), network("2001:db8:1:2:ffff::9"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("::ffff:192.0.2.7"), network("192.0.2.7"));
        assert_eq!(network("somewhere"), None);
    }
}
