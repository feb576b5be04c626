use super::*;

#[test]
fn every_event_has_exactly_one_row() {
    let mut rows: Vec<_> = RELAY.iter().map(|leg| leg.event).collect();
    rows.sort();
    rows.dedup();
    assert_eq!(rows.len(), RELAY.len(), "an event stands twice");
    // `Unreadable` is the last variant, so its position counts them all.
    assert_eq!(rows.len(), EventType::Unreadable as usize + 1, "an event has no row");
}

#[test]
fn names_survive_the_table() {
    let layers = Layer::ALL.into_iter().map(Owed::Layer);
    for owed in layers.chain(Wait::ALL.into_iter().map(Owed::Wait)) {
        assert_eq!(owed.as_str().parse::<Owed>().unwrap(), owed);
    }
    assert!("nobody".parse::<Owed>().is_err());
}

#[test]
fn a_paid_order_owes_capture_in_five_minutes_and_a_routed_one_opens_the_customers_clock() {
    let now: Timestamp = "2026-11-22T02:13:00Z".parse().unwrap();
    let owed = owes(&Fact::OrderPaid { what: None }, now, &Deadlines::default());
    assert_eq!(owed[&Owed::Layer(Layer::Capture)].to_string(), "2026-11-22T02:18:00Z");
    assert_eq!(owed.len(), 1);
    let routed = Fact::OrderRouted { partner: "printful".into(), split: 1, partner_order: "13".into(), cost: None };
    let owed = owes(&routed, now, &Deadlines::default());
    assert_eq!(owed[&Owed::Wait(Wait::PartnerAccepts)].to_string(), "2026-11-23T02:13:00Z");
    assert_eq!(owed[&Owed::Wait(Wait::CustomerInformed)].to_string(), "2026-11-29T02:13:00Z");
    assert_eq!(owed.len(), 3);
}

/// Between the payment and the partner, each step that a layer takes opens the customer's clock where it goes wrong.
#[test]
fn the_way_to_the_partner_may_be_stuck_at_each_step_and_nowhere_else() {
    let stuck = RELAY.iter().filter(|leg| leg.stuck.contains(&Wait::CustomerInformed)).map(|leg| leg.event);
    use EventType as E;
    assert_eq!(stuck.collect::<Vec<_>>(), [E::OrderPaid, E::RiskAssessed, E::OrderCleared, E::OrderDecided]);
    let opens = RELAY.iter().filter(|leg| leg.opens.contains(&Wait::CustomerInformed)).map(|leg| leg.event);
    assert_eq!(opens.collect::<Vec<_>>(), [E::OrderHeld, E::OrderRouted]);
}
