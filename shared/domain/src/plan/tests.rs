use super::*;
use crate::fixture;
use crate::money::{CustomerMoney, Money};
use crate::order::{FulfilmentOrder, FulfilmentOrderLine};

fn line(id: u64, variant: Option<u64>) -> Line {
    let price = Money::parse("12.50", "KWD").unwrap();
    Line { customer_unit_price: CustomerMoney(price), quantity: 1, ..fixture::line(id, variant).unwrap() }
}

fn order(lines: Vec<Line>) -> Order {
    Order { lines, ..fixture::order().unwrap() }
}

fn rules() -> PlanRules {
    PlanRules { countries: vec![], largest_quantity: 500, upload_hosts: vec![] }
}

fn row(store_variant: Option<&str>, sku: Option<&str>, partner: &str) -> CatalogVariant {
    CatalogVariant {
        store_variant: store_variant.map(str::to_owned),
        sku: sku.map(str::to_owned),
        partner: partner.to_owned(),
        variant_id: "4012".into(),
        files: vec![PrintFile { placement: "default".into(), url: "https://example.com/a.png".into() }],
        ..CatalogVariant::default()
    }
}

fn any(partner: &str) -> Option<AnyVariant> {
    Some(AnyVariant { partner: partner.into(), other_properties: Otherwise::Refuse })
}

fn planned(order: &Order, variants: Vec<CatalogVariant>, any_variant: Option<AnyVariant>) -> Plan {
    plan(order, &Catalog { variants, any_variant }, &rules(), &BTreeMap::new())
}

fn service(order: &mut Order, name: &str, line: u64) {
    order.fulfilment_orders.push(FulfilmentOrder {
        id: "fo".into(),
        open: true,
        service: Some(name.into()),
        holds: vec![],
        lines: vec![FulfilmentOrderLine { id: "l".into(), line, remaining: 1 }],
    });
}

#[test]
fn by_variant_by_sku_or_by_the_catch_all() {
    let rows = vec![row(Some("11"), None, "printful"), row(None, Some("SKU-2"), "printful")];
    let lines = vec![line(1, Some(11)), line(2, Some(22)), line(3, Some(33))];
    let planned = planned(&order(lines), rows, any("printful"));
    let [part] = &planned.parts[..] else { panic!("{planned:?}") };
    assert_eq!(part.partner, "printful");
    assert!(matches!(&part.items[0].make, Make::Variant { variant_id, .. } if variant_id == "4012"));
    assert!(matches!(&part.items[1].make, Make::Variant { variant_id, .. } if variant_id == "4012"));
    assert_eq!(part.items[2].make, Make::StoreVariant("33".into()));
    assert_eq!(part.items[0].retail_price, "12.500", "three decimals in Kuwait");
    assert_eq!(part.lines(), "1x1 2x1 3x1");
    assert_eq!(noted_pieces(&part.lines())[2], Pieces { line: 3, quantity: 1 });
}

#[test]
fn a_headless_stores_line_has_no_number_and_goes_by_its_sku() {
    let sku = |id, sku: &str| Line { sku: Some(sku.to_owned()), ..line(id, None) };
    let rows = vec![row(Some("11"), None, "another"), row(None, Some("LIGHTHOUSE-A"), "gelato")];
    let known = planned(&order(vec![sku(1, "LIGHTHOUSE-A")]), rows.clone(), None);
    assert_eq!(known.part("gelato").unwrap().lines(), "1x1", "{known:?}");
    assert_eq!(known.problems, []);
    // The catch-all orders by the store's number, and there is none.
    let custom = Line { sku: None, ..line(2, None) };
    let unknown = planned(&order(vec![sku(1, "CARD-A"), custom]), rows, any("gelato"));
    let wanted = Problem::Unmapped { line: "Line 1".into(), variant: None, sku: Some("CARD-A".into()) };
    assert_eq!(unknown.problems, [wanted.clone(), Problem::NoVariant { line: "Line 2".into() }]);
    assert_eq!(wanted.to_string(), "The line \"Line 1\" (SKU CARD-A) is not in the catalog.");
}

#[test]
fn a_part_per_partner_and_what_is_made_by_hand_holds_nobody_up() {
    let by_hand = CatalogVariant { variant_id: String::new(), files: vec![], ..row(Some("33"), None, HAND) };
    let rows = vec![row(Some("11"), None, "printful"), row(Some("22"), None, "another"), by_hand];
    let lines = vec![line(1, Some(11)), line(2, Some(22)), line(3, Some(33)), line(4, Some(11))];
    let planned = planned(&order(lines), rows, None);
    let parts: Vec<(&str, String)> = planned.parts.iter().map(|part| (part.partner.as_str(), part.lines())).collect();
    assert_eq!(parts, [("another", "2x1".to_owned()), ("printful", "1x1 4x1".to_owned())]);
    assert_eq!((planned.by_hand, planned.problems), (vec!["Line 3".to_owned()], vec![]));
}

#[test]
fn a_line_whose_maker_is_known_stops_only_its_maker_and_any_other_stops_all() {
    let bare = CatalogVariant { files: vec![], ..row(Some("44"), None, "printful") };
    let rows = vec![bare, row(Some("55"), None, "another")];
    let with_bare = planned(&order(vec![line(4, Some(44)), line(5, Some(55))]), rows.clone(), None);
    assert_eq!(with_bare.problems, []);
    assert_eq!(with_bare.part("another").unwrap().problems, []);
    assert_eq!(with_bare.part("printful").unwrap().problems, [Problem::NoPrintFile { line: "Line 4".into() }]);
    let custom = Line { sku: None, ..line(1, None) };
    let lines = vec![custom, line(2, Some(22)), line(5, Some(55))];
    let unknown = planned(&Order { ship_to: None, ..order(lines) }, rows, None);
    assert_eq!(unknown.problems[0], Problem::NoAddress);
    assert_eq!(unknown.problems[1], Problem::NoVariant { line: "Line 1".into() });
    assert!(matches!(&unknown.problems[2], Problem::Unmapped { variant: Some(22), .. }));
}

#[test]
fn a_product_designed_at_the_partner_needs_no_file_and_every_row_needs_a_variant() {
    let designed = CatalogVariant { files: vec![], designed_at_partner: true, ..row(Some("11"), None, "printify") };
    assert_eq!(planned(&order(vec![line(1, Some(11))]), vec![designed.clone()], None).parts[0].problems, []);
    let nothing = CatalogVariant { variant_id: String::new(), ..designed };
    let problems = &planned(&order(vec![line(1, Some(11))]), vec![nothing], None).parts[0].problems;
    assert_eq!(*problems, [Problem::NoPartnerVariant { line: "Line 1".into() }]);
}

#[test]
fn digital_refunded_and_other_services_lines_are_not_ours() {
    let digital = Line { requires_shipping: false, ..line(1, Some(11)) };
    let refunded = Line { quantity: 0, ..line(2, Some(11)) };
    let card = Line { gift_card: true, ..line(3, Some(11)) };
    let mut with_other = order(vec![digital, refunded, card, line(4, Some(11))]);
    service(&mut with_other, "another-workshop", 4);
    let nothing = planned(&Order { ship_to: None, ..with_other }, vec![row(Some("11"), None, "printful")], None);
    assert!(nothing.is_empty(), "{nothing:?}");
}

#[test]
fn what_the_partners_own_app_has_is_told_and_not_made_twice() {
    let mut order = order(vec![line(1, Some(11)), line(2, Some(22))]);
    service(&mut order, "Printful", 1);
    let planned = planned(&order, vec![], any("printful"));
    assert_eq!(planned.app_has["printful"], ["Line 1"]);
    assert_eq!(planned.part("printful").unwrap().lines(), "2x1");
}

#[test]
fn a_line_stays_with_the_partner_that_has_it() {
    let begun = BTreeMap::from([(1, "printful".to_owned())]);
    let catalog = Catalog { variants: vec![row(Some("11"), None, "another")], any_variant: None };
    let planned = plan(&order(vec![line(1, Some(11)), line(2, Some(11))]), &catalog, &rules(), &begun);
    assert_eq!(planned.part("printful").unwrap().lines(), "1x1");
    assert_eq!(planned.part("another").unwrap().lines(), "2x1");
}

#[test]
fn quantity_country_and_address() {
    let many = Line { quantity: 501, ..line(1, Some(11)) };
    let rules = PlanRules { countries: vec!["de".into()], ..rules() };
    let catalog = Catalog { variants: vec![], any_variant: any("printful") };
    let mut order = order(vec![many]);
    order.ship_to.as_mut().unwrap().zip = None;
    let planned = plan(&order, &catalog, &rules, &BTreeMap::new());
    assert!(matches!(&planned.parts[0].problems[..], [Problem::TooMany { quantity: 501, largest: 500, .. }]));
    assert!(matches!(&planned.problems[..], [Problem::Address(_), Problem::NotServed { by: None, .. }]));
}

#[test]
fn the_customers_picture_takes_the_place_of_the_rows_and_any_difference_is_other_work() {
    let rule = PropertyRule { name: "Photo".into(), usage: Usage::File, placement: "default".into(), required: true };
    let row = CatalogVariant { properties: vec![rule], ..row(Some("11"), None, "printful") };
    let rules = PlanRules { upload_hosts: vec!["uploads.example.com".into()], ..rules() };
    let with_photo = |name: &str| {
        let value = format!("https://uploads.example.com/{name}.png");
        let photo = Property { name: "Photo".into(), value };
        let order = order(vec![Line { properties: vec![photo], ..line(1, Some(11)) }]);
        let catalog = Catalog { variants: vec![row.clone()], any_variant: None };
        plan(&order, &catalog, &rules, &BTreeMap::new()).parts.remove(0)
    };
    let part = with_photo("ada");
    let Make::Variant { files, .. } = &part.items[0].make else { panic!() };
    assert_eq!(files.len(), 1);
    assert!(files[0].url.ends_with("ada.png"));
    assert_eq!(part.work(), with_photo("ada").work());
    assert_ne!(part.work(), with_photo("bea").work());
}

#[test]
fn each_problem_says_what_and_where() {
    let line = || "Poster".to_owned();
    let partner = || "printful".to_owned();
    let flaw = crate::address::Flaw::Missing { country: "JP".into(), fields: vec!["prefecture", "postal code"] };
    let told = [
        Problem::Address(flaw),
        Problem::NotServed { country: "CU".into(), by: None },
        Problem::UnknownAtPartner { line: line(), partner: partner(), variant_id: "4012".into() },
        Problem::NotAvailable { line: line(), partner: partner(), variant_id: "4012".into(), discontinued: false },
        Problem::UnknownProperty { line: line(), property: "Engraving".into() },
        Problem::TextNotTaken { line: line(), property: "Engraving".into(), partner: partner() },
    ]
    .map(|problem| format!("{problem} {}", problem.step()));
    assert_eq!(
        told[0],
        "The shipping address (to JP) lacks: prefecture, postal code. Ask the customer, and correct the shipping address in the store."
    );
    for text in told {
        assert!(text.contains("store") || text.contains("partner"), "{text}");
    }
}
