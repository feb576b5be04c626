//! The numbers of a parcel that the store knows already.

use std::collections::BTreeSet;

use domain::parcel::{Tracking, normalised};
use domain::provider::Trouble;
use serde::Deserialize;
use serde_json::{Value, json};

use super::documents;
use super::graphql::Graphql;
use super::wire::{Named, UserError, refused};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    fulfillment_tracking_info_update: Option<Updated>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Updated {
    fulfillment: Option<Named>,
    user_errors: Vec<UserError>,
}

/// Writes the whole set of numbers: Shopify replaces what the fulfilment had, so asking twice changes nothing.
pub(super) async fn track(graphql: &Graphql, fulfilment: &str, tracking: &[Tracking]) -> Result<(), Trouble> {
    if tracking.is_empty() {
        return Ok(());
    }
    let id = format!("gid://shopify/Fulfillment/{fulfilment}");
    let variables = json!({ "fulfillmentId": id, "tracking": input(tracking) });
    let answer: Answer = graphql.ask(documents::TRACK, variables).await?;
    let Some(updated) = answer.fulfillment_tracking_info_update else {
        return Err(Trouble::NoAnswer { why: "it answered without a result".to_owned() });
    };
    if !updated.user_errors.is_empty() {
        return Err(refused(&updated.user_errors));
    }
    match updated.fulfillment {
        Some(_) => Ok(()),
        None => Err(Trouble::NoAnswer { why: "it answered without a fulfilment".to_owned() }),
    }
}

/// `FulfillmentTrackingInput`. Shopify matches URLs to numbers by their place in the two lists, and a list of URLs has no
/// gaps: so the numbers with a URL stand first. It takes one company for all of them, and builds links from it: where the numbers
/// are with several carriers none is named, and Shopify guesses by the form of each number.
/// <https://shopify.dev/docs/api/admin-graphql/2026-10/input-objects/FulfillmentTrackingInput>
fn input(tracking: &[Tracking]) -> Value {
    let mut seen = BTreeSet::new();
    let mut each: Vec<&Tracking> = tracking.iter().filter(|one| seen.insert(normalised(&one.number))).collect();
    each.sort_by_key(|one| one.url.is_none());
    let numbers: Vec<&str> = each.iter().map(|one| one.number.as_str()).collect();
    let urls: Vec<&str> = each.iter().filter_map(|one| one.url.as_deref()).collect();
    let mut input = json!({ "numbers": numbers });
    if !urls.is_empty() {
        input["urls"] = json!(urls);
    }
    let carriers: BTreeSet<&str> = each.iter().filter_map(|one| one.carrier.as_deref()).collect();
    if let (Some(carrier), 1) = (carriers.first(), carriers.len()) {
        input["company"] = json!(carrier);
    }
    input
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: &str, carrier: Option<&str>, url: Option<&str>) -> Tracking {
        Tracking::new(Some(number), carrier, url).unwrap()
    }

    #[test]
    fn a_url_stands_where_its_number_stands() {
        let later = number("1Z2", Some("UPS"), Some("https://example.com/2"));
        assert_eq!(
            input(&[number("1Z1", Some("UPS"), None), later]),
            json!({ "numbers": ["1Z2", "1Z1"], "urls": ["https://example.com/2"], "company": "UPS" })
        );
    }

    #[test]
    fn a_number_is_sent_once_however_it_is_written() {
        let twice = [number("1Z 1", None, None), number("1z1", None, None)];
        assert_eq!(input(&twice), json!({ "numbers": ["1Z 1"] }));
    }

    #[test]
    fn several_carriers_are_not_taken_for_one() {
        let two = [number("1Z1", Some("UPS"), None), number("92001", Some("USPS"), None)];
        assert_eq!(input(&two), json!({ "numbers": ["1Z1", "92001"] }));
    }
}
