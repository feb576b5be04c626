//! Every mail with invented data.

use domain::effect::MailKind;
use domain::event::{Event, Fact};
use domain::money::{CustomerMoney, Money};
use domain::order::{Address, Line, Order};
use domain::parcel::{ParcelKey, Progress, Tracking};
use domain::subject::Subject;
use email::Sender;
use email::mails::marketing::{self, Item, Marketing};
use email::mails::{Written, write};
use lambda::StoreConfig;
use serde_json::{Value, json};

pub const LANGUAGES: [&str; 2] = ["en", "de"];
pub const PAGE: &str = "https://pages.example.com/orders/a-signed-token";
pub const TRACKING: &str = "https://track.example.com/1Z999AA10123456784";
pub const BUTTON: &str = "https://shop.example.com/cart/recover";
pub const UNSUBSCRIBE: &str = "https://pages.example.com/unsubscribe/a-signed-token";
pub const PREFERENCES: &str = "https://pages.example.com/preferences/a-signed-token";
pub const ADDRESS: &str = "Example Prints, 1 Harbour Street, Exampletown";

/// One mail by the name of its files.
pub struct Sample {
    pub name: String,
    pub mail: Written,
}

/// What mails are about. Whoever tests changes it.
pub struct About {
    pub order: Order,
    pub tracking: Tracking,
    pub first_name: String,
    pub language: Option<&'static str>,
    pub button: String,
}

/// The shop as the owner configured it.
pub fn shop(choose: impl FnOnce(&mut Value)) -> Sender {
    let mut choices = json!({
        "store": { "name": "Example Prints", "mode": "test", "shop": "example-prints.myshopify.com", "time_zone": "Europe/Berlin" },
        "mail": { "from": "orders@example.com" },
        "brand": { "name": "Example Prints", "color": "#205081", "address": ADDRESS, "support": "help@example.com" },
        "alerts": { "to": "owner@example.com" },
    });
    choose(&mut choices);
    Sender::new(&StoreConfig::parse(&choices.to_string()).unwrap(), None).unwrap()
}

fn line(id: u64, title: &str, variant: Option<&str>, pieces: u32, price: Money) -> Line {
    Line {
        title: title.into(),
        variant_title: variant.map(str::to_owned),
        quantity: pieces,
        ordered: pieces,
        customer_unit_price: CustomerMoney(price),
        image: Some(format!("https://cdn.example.com/{id}.jpg")),
        ..domain::fixture::line(id, Some(id)).unwrap()
    }
}

impl About {
    pub fn sample(language: &'static str) -> Self {
        let german = language == "de";
        let money = |amount: &str| Money::parse(amount, if german { "EUR" } else { "USD" }).unwrap();
        let mut order = domain::fixture::order().unwrap();
        order.name = "#1001".into();
        order.locale = Some(language.into());
        order.lines = if german {
            vec![
                line(11, "Leuchtturm-Poster", Some("30 × 40 cm"), 2, money("25.00")),
                line(12, "Becher", None, 1, money("20.00")),
            ]
        } else {
            vec![
                line(11, "Lighthouse poster", Some("30 × 40 cm"), 2, money("25.00")),
                line(12, "Mug", None, 1, money("20.00")),
            ]
        };
        order.amounts.customer.total = CustomerMoney(money("73.50"));
        let address = Address {
            company: Some("Example Works".into()),
            address2: Some("Flat 3".into()),
            ..order.ship_to.take().unwrap()
        };
        order.ship_to = Some(address);
        Self {
            order,
            tracking: Tracking::new(Some("1Z999AA10123456784"), Some("Example Parcels"), Some(TRACKING)).unwrap(),
            first_name: "Ada".into(),
            language: Some(language),
            button: BUTTON.into(),
        }
    }

    fn parcel() -> ParcelKey {
        ParcelKey("1Z999AA10123456784".into())
    }

    fn events(&self) -> Vec<Event> {
        let facts = [
            Fact::OrderCleared {},
            Fact::ParcelAnnounced {
                parcel: Self::parcel(),
                fulfilment: "7400112233".into(),
                tracking: Some(self.tracking.clone()),
                shipment: None,
                partner: None,
                country: None,
            },
        ];
        let event = |fact| Event {
            subject: Subject::Order(self.order.id),
            fact,
            source: "test".into(),
            time: "2026-11-22T02:14:00Z".parse().unwrap(),
            order_name: Some("#1001".into()),
        };
        facts.into_iter().map(event).collect()
    }

    pub fn goods(&self) -> Vec<Item<'_>> {
        fn item(line: &Line) -> Item<'_> {
            Item {
                title: &line.title,
                variant: line.variant_title.as_deref(),
                picture: line.image.as_deref(),
                quantity: line.ordered,
                price: line.customer_unit_price.0.times(line.ordered).ok(),
            }
        }
        self.order.lines.iter().map(item).collect()
    }

    pub fn marketing<'a>(&'a self, goods: &'a [Item<'a>]) -> Marketing<'a> {
        Marketing {
            first_name: Some(&self.first_name),
            lines: goods,
            total: goods.iter().filter_map(|item| item.price).reduce(|sum, price| sum.plus(price).unwrap()),
            button: &self.button,
            unsubscribe: UNSUBSCRIBE,
            preferences: PREFERENCES,
            language: self.language,
        }
    }
}

/// Whether the law counts this mail as one that needs no consent.
pub fn transactional(name: &str) -> bool {
    name == marketing::CONFIRM || !marketing::known(name)
}

fn kinds() -> Vec<MailKind> {
    let parcel = About::parcel;
    let troubles =
        Progress::ALL.into_iter().filter(|progress| progress.is_trouble() || *progress == Progress::Returned);
    let mut kinds = vec![
        MailKind::Confirmation,
        MailKind::InProduction,
        MailKind::Shipped(parcel()),
        MailKind::OutForDelivery(parcel()),
        MailKind::Delivered(parcel()),
        MailKind::Still("routed#printful#1".into()),
    ];
    kinds.extend(troubles.map(|progress| MailKind::Problem(progress, parcel())));
    kinds
}

/// Every mail there is, in the order's language.
pub fn every(shop: &Sender, about: &About) -> Vec<Sample> {
    let events = about.events();
    let mut samples = Vec::new();
    for kind in kinds() {
        let name = match &kind {
            MailKind::Problem(progress, _) => format!("problem-{}", progress.as_str()).replace('_', "-"),
            kind => kind.name().to_owned(),
        };
        let mail = write(&kind, &about.order, &events, shop.look(Some(PAGE))).unwrap();
        samples.push(Sample { name, mail });
    }
    let (goods, nothing) = (about.goods(), Vec::new());
    for name in marketing::NAMES {
        let with_goods = name.starts_with("cart-") || name == "review";
        let mail = about.marketing(if with_goods { &goods } else { &nothing });
        let mail = marketing::write(name, &mail, shop.look(None)).unwrap();
        samples.push(Sample { name: name.to_owned(), mail });
    }
    samples
}
