//! The partners under the contract: what differs between them, as each documents it.

use domain::provider::Trouble;
use partner::AddressChange;
use serde_json::{Value, json};

/// What differs between partners, as each documents it.
pub struct Case {
    pub name: &'static str,
    /// As the sandbox names it.
    pub stand_in: &'static str,
    /// Its `[partners.<name>]`, where the sandbox is at that address.
    pub section: fn(&str, &sandbox::Config) -> Value,
    /// The token in that section.
    pub token: fn(&sandbox::Config) -> &str,
    /// What else the stand-in is told at its start.
    pub play: fn(&mut sandbox::Config),
    /// As the catalog names it.
    pub variant: &'static str,
    /// The sandbox's names of what is asked.
    pub place: &'static str,
    pub release: &'static str,
    pub cancel: &'static str,
    /// What it has no way to tell.
    pub lacks: &'static [Lack],
    /// What becomes of a new address before production.
    pub address: fn(&Result<AddressChange, Trouble>) -> bool,
}

/// Something a partner may have no words for. Then its client has one fixed answer, and nothing may come in its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// What it charges: `None`.
    Cost,
    /// Its open orders: `None`.
    List,
    /// That it holds an order: it looks as it did.
    Holds,
    /// What is in stock: `Availability::Unknown`.
    Stock,
    /// When a parcel has arrived.
    Arrival,
    /// What is in a parcel: no pieces.
    Pieces,
    /// What the owner has there: `None`.
    Funds,
}

impl Case {
    pub fn lacks(&self, what: Lack) -> bool {
        self.lacks.contains(&what)
    }

    pub fn named(name: &str) -> &'static Self {
        CASES.iter().find(|case| case.name == name).unwrap_or_else(|| panic!("{name} stands in no row"))
    }
}

/// One row for each partner, and for each way in which one may be set up.
pub const CASES: &[Case] = &[
    Case {
        name: "printful",
        stand_in: "printful",
        section: |url, _| json!({ "base_url": format!("{url}/printful") }),
        token: |played| &played.printful.token,
        play: |_| {},
        variant: "4012",
        place: "create_order",
        release: "confirm_order",
        cancel: "cancel_order",
        lacks: &[Lack::Arrival, Lack::Funds],
        address: |said| matches!(said, Err(Trouble::Refused { why }) if why.contains("OR-1")),
    },
    Case {
        name: "printify",
        stand_in: "printify",
        section: |url, played| json!({ "base_url": format!("{url}/printify/v1"), "shop_id": played.printify.shop_id }),
        token: |played| &played.printify.token,
        play: |_| {},
        variant: "65aa00000000000000000001:4012",
        place: "create_order",
        release: "send_to_production",
        cancel: "cancel_order",
        lacks: &[Lack::Pieces, Lack::Funds],
        address: |said| matches!(said, Ok(AddressChange::Changed | AddressChange::Asked)),
    },
    Case {
        name: "gelato",
        stand_in: "gelato",
        section: |url, _| json!({ "base_url": format!("{url}/gelato/") }),
        token: |played| &played.gelato.api_key,
        play: |_| {},
        variant: "sandbox_product_poster_30x40-cm_ver",
        place: "create_order",
        release: "patch_order",
        cancel: "cancel_order",
        lacks: &[Lack::Funds],
        address: |said| *said == Ok(AddressChange::NotPossible),
    },
    Case {
        name: "workshop",
        stand_in: "workshop",
        section: |url, _| json!({ "kind": "http", "base_url": format!("{url}/workshop") }),
        token: |played| &played.workshop.tokens[0],
        play: |_| {},
        variant: "oak-30x40",
        place: "create_order",
        release: "release_order",
        cancel: "cancel_order",
        lacks: &[],
        address: |said| *said == Ok(AddressChange::Changed),
    },
    // A workshop may leave out what is optional.
    Case {
        name: "shed",
        stand_in: "workshop",
        section: |url, _| json!({ "kind": "http", "base_url": format!("{url}/workshop"), "calls_per_minute": 7 }),
        token: |played| &played.workshop.tokens[0],
        play: |played| {
            let optional = [sandbox::workshop::OPEN, "change_address", "get_variant", "list_variants", "get_funds"];
            played.workshop.not_offered = optional.map(str::to_owned).to_vec();
        },
        variant: "oak-30x40",
        place: "create_order",
        release: "release_order",
        cancel: "cancel_order",
        lacks: &[Lack::List, Lack::Stock, Lack::Funds],
        address: |said| *said == Ok(AddressChange::NotPossible),
    },
];
