//! What a person at Printify is to look at: so far only new addresses for orders that are being made already.

use super::view;
use jiff::Timestamp;
use serde_json::{Value, json};

#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub id: String,
    pub order: String,
    created: Timestamp,
}

impl Request {
    pub fn new(id: String, order: &str, created: Timestamp) -> Self {
        Self { id, order: order.to_owned(), created }
    }

    pub fn view(&self) -> Value {
        json!({
            "id": self.id,
            "order_id": self.order,
            "type": "order_address_editing",
            "status": "pending",
            "status_details": null,
            "outcome": "unresolved",
            "created_at": view::moment(self.created),
            "updated_at": view::moment(self.created),
        })
    }
}
