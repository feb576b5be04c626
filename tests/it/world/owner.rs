//! The owner with the link of an alert in hand, and the store's own page of the order.

use console::Console;
use console::http::{Reply, Request};
use domain::order::Order;
use domain::subject::OrderId;
use jiff::SignedDuration;
use lambda::Clock as _;
use ledger::Ledger;
use links::Purpose;
use secrecy::SecretString;
use store::{ReadOrder, Shopify};

use super::World;

impl World {
    /// The order as Shopify's API shows it.
    pub async fn at_shopify(&self, order: u64) -> Order {
        self.shopify().order(OrderId(order)).await.unwrap().unwrap()
    }

    /// Names of the holds on the order at Shopify.
    pub async fn held_at_shopify(&self, order: u64) -> Vec<String> {
        let groups = self.at_shopify(order).await.fulfilment_orders;
        groups.into_iter().flat_map(|group| group.holds).filter_map(|hold| hold.handle).collect()
    }

    /// The owner opens the link of that hold, and presses a button where `form` says which.
    pub async fn owner(&self, order: u64, round: u32, form: Option<&str>) -> Reply {
        let console = Console {
            ledger: Ledger::new(self.table.clone()),
            store: self.shopify(),
            clock: self.clock.clone(),
            key: links::Key::new(vec![SecretString::from("a long random word of the owner's own")]).unwrap(),
            deadlines: self.config.deadlines.clone(),
            shop: self.config.store.name.clone(),
            subject: self.config.subject(),
        };
        let expires = self.clock.now().checked_add(SignedDuration::from_hours(24)).unwrap();
        let token = console.key.sign(Purpose::Decision, &format!("{order}#{round}"), expires);
        let request = Request {
            method: if form.is_some() { "POST" } else { "GET" }.into(),
            path: format!("decisions/{token}"),
            body: form.unwrap_or_default().into(),
        };
        console.answer(&request).await
    }

    fn shopify(&self) -> Shopify {
        Shopify::new(&self.config.store, &self.secrets, self.http.clone()).unwrap()
    }
}
