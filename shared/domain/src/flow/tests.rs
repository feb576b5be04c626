use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::decide::{Delay, Over};
use super::*;
use crate::contact::{Bought, Consent, Match};
use crate::event::Suppression;

fn flows() -> Flows {
    serde_json::from_value(json!({
        "limits": { "quiet_hours": "21:00-08:00" },
        "flow": [
            { "name": "cart", "trigger": "checkout.started", "repeat": "7 d", "steps": [
                { "delay": "1 h", "mail": "cart-1" },
                { "delay": "24 h", "mail": "cart-2" },
            ] },
            { "name": "second-order", "trigger": "parcel.delivered", "steps": [
                { "delay": "30 d", "mail": "second-order", "condition": "first_order" },
            ] },
            { "name": "shipped", "trigger": "parcel.announced", "steps": [{ "delay": "0", "mail": "shipped" }] },
        ],
    }))
    .unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zones(names: &[&str]) -> Vec<TimeZone> {
    names.iter().map(|name| TimeZone::get(name).unwrap()).collect()
}

/// A cart of an hour ago whose owner wants mail, at noon.
fn fine(zones: &[TimeZone]) -> Situation<'_> {
    Situation {
        now: at("2026-11-22T12:00:00Z"),
        since: at("2026-11-22T11:00:00Z"),
        over: None,
        given_away: false,
        bought: None,
        contact: Some("0123456789abcdef"),
        consent: Consent::Subscribed,
        wanted: true,
        suppressed: None,
        entered_before: false,
        mailed_today: 0,
        orders: Some(0),
        zones,
    }
}

fn first(situation: &Situation<'_>) -> Decision {
    let flows = flows();
    decide(&flows.flow[0], &flows.flow[0].steps[0], &flows.limits, situation)
}

#[test]
fn each_thing_that_speaks_against_a_mail_stops_it_with_its_own_reason() {
    let utc = zones(&["UTC"]);
    assert_eq!(first(&fine(&utc)), Decision::Send);
    let skips = |change: &dyn Fn(&mut Situation<'_>)| {
        let mut situation = fine(&utc);
        change(&mut situation);
        match first(&situation) {
            Decision::Skip(skip) => skip.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let bought = |by| Some(Bought { by, order: None });
    insta::assert_snapshot!(
        [
            skips(&|seen| seen.over = Some(Over::Gone)),
            skips(&|seen| seen.over = Some(Over::CheckoutEnded)),
            skips(&|seen| seen.over = Some(Over::Cancelled)),
            skips(&|seen| seen.over = Some(Over::Refunded)),
            skips(&|seen| seen.over = Some(Over::Trouble)),
            skips(&|seen| seen.over = Some(Over::NotDelivered)),
            skips(&|seen| seen.bought = bought(Match::Checkout)),
            skips(&|seen| seen.bought = bought(Match::Customer)),
            skips(&|seen| seen.bought = bought(Match::Mail)),
            skips(&|seen| seen.bought = bought(Match::Address)),
            skips(&|seen| seen.contact = None),
            skips(&|seen| seen.suppressed = Some(Suppression::Bounce)),
            skips(&|seen| seen.suppressed = Some(Suppression::Complaint)),
            skips(&|seen| seen.consent = Consent::Unsubscribed),
            skips(&|seen| seen.consent = Consent::Pending),
            skips(&|seen| seen.consent = Consent::NotSubscribed),
            skips(&|seen| seen.consent = Consent::Unknown),
            skips(&|seen| seen.wanted = false),
            skips(&|seen| seen.entered_before = true),
            skips(&|seen| seen.mailed_today = 1),
            skips(&|seen| seen.since = at("2026-11-18T11:00:00Z")),
        ]
        .join("\n")
    );
}

#[test]
fn a_paused_flow_and_one_that_another_sends_stay_silent() {
    let (utc, mut flows) = (zones(&["UTC"]), flows());
    flows.flow[0].paused = true;
    let step = flows.flow[0].steps[0].clone();
    assert_eq!(decide(&flows.flow[0], &step, &flows.limits, &fine(&utc)), Decision::Skip(Skip::Paused));
    flows.flow[0].paused = false;
    let ours_again = Situation { given_away: true, ..fine(&utc) };
    assert_eq!(decide(&flows.flow[0], &step, &flows.limits, &ours_again), Decision::Skip(Skip::ByAnother));
    flows.flow[0].by = By::Klaviyo;
    assert_eq!(decide(&flows.flow[0], &step, &flows.limits, &fine(&utc)), Decision::Skip(Skip::ByAnother));
    assert_eq!(flows.started_by(Trigger::CheckoutStarted).count(), 0);
}

#[test]
fn a_cart_that_changed_within_the_delay_waits_from_the_change() {
    let utc = zones(&["UTC"]);
    let changed = Situation { since: at("2026-11-22T11:40:00Z"), ..fine(&utc) };
    assert_eq!(first(&changed), Decision::Later(at("2026-11-22T12:40:00Z"), Delay::Changed));
    let a_clock_apart = Situation { since: at("2026-11-22T11:00:01Z"), ..fine(&utc) };
    assert_eq!(first(&a_clock_apart), Decision::Send);
}

#[test]
fn what_bars_a_mail_for_good_is_said_before_what_passes() {
    let berlin = zones(&["Europe/Berlin"]);
    let night = Situation { now: at("2026-11-22T23:00:00Z"), since: at("2026-11-22T22:00:00Z"), ..fine(&berlin) };
    assert_eq!(first(&night), Decision::Later(at("2026-11-23T07:00:00Z"), Delay::QuietHours));
    let no_consent = Situation { consent: Consent::NotSubscribed, ..night };
    assert_eq!(first(&no_consent), Decision::Skip(Skip::NoConsent));
}

#[test]
fn quiet_hours_are_the_customers_and_a_wide_country_is_spared_in_all_of_it() {
    let quiet = QuietHours::parse("21:00-08:00").unwrap();
    let until = |now: &str, names: &[&str]| quiet.until(at(now), &zones(names)).map(|at| at.to_string());
    assert_eq!(until("2026-11-22T12:00:00Z", &["Europe/Berlin"]), None);
    assert_eq!(until("2026-11-22T20:00:00Z", &["Europe/Berlin"]).as_deref(), Some("2026-11-23T07:00:00Z"));
    assert_eq!(until("2026-11-22T20:00:00Z", &["Europe/London"]), None);
    // 9 in the morning in New York is 6 in Los Angeles.
    let us = zones_names("US");
    assert_eq!(until("2026-11-22T14:00:00Z", us).as_deref(), Some("2026-11-22T16:00:00Z"));
    assert_eq!(until("2026-11-22T18:00:00Z", us), None);
    // The night in which the clocks go back: 8 o'clock is 8 o'clock.
    assert_eq!(until("2026-10-25T00:30:00Z", &["Europe/Berlin"]).as_deref(), Some("2026-10-25T07:00:00Z"));
    for text in ["21-08", "21:00", "25:00-08:00", "08:00-08:00", ""] {
        assert_eq!(QuietHours::parse(text), None, "{text}");
    }
}

fn zones_names(country: &str) -> &'static [&'static str] {
    hours::zones_of(country)
}

#[test]
fn every_listed_zone_exists() {
    for first in b'A'..=b'Z' {
        for second in b'A'..=b'Z' {
            let country = String::from_utf8(vec![first, second]).unwrap();
            for name in hours::zones_of(&country) {
                assert!(TimeZone::get(name).is_ok(), "{country}: {name}");
            }
        }
    }
}

#[test]
fn conditions_ask_what_the_store_counts() {
    let (utc, flows) = (zones(&["UTC"]), flows());
    let second = &flows.flow[1];
    let seen = |orders| Situation { since: at("2026-10-23T12:00:00Z"), orders, ..fine(&utc) };
    let decided = |orders| decide(second, &second.steps[0], &flows.limits, &seen(orders));
    assert_eq!(decided(Some(1)), Decision::Send);
    assert_eq!(decided(None), Decision::Send, "a store that does not count says nothing against it");
    assert_eq!(decided(Some(2)), Decision::Skip(Skip::Condition(Condition::FirstOrder)));
}

#[test]
fn the_held_out_share_is_stable_and_as_large_as_it_says() {
    let held = |percent| (0..2_000).filter(|n| decide::held_out("cart", &format!("{n:016x}"), percent)).count();
    assert_eq!((held(0), held(100)), (0, 2_000));
    assert!((120..=280).contains(&held(10)), "{}", held(10));
    let others = (0..2_000).filter(|n| {
        let contact = format!("{n:016x}");
        decide::held_out("cart", &contact, 10) && decide::held_out("welcome", &contact, 10)
    });
    assert!(others.count() < 60, "another flow holds out other people");
}

#[test]
fn a_timers_name_is_the_steps_and_a_put_off_one_has_another() {
    let timer = Timer {
        subject: "checkout#abc".into(),
        flow: "cart".into(),
        step: 1,
        entry: "once".into(),
        since: at("2026-11-22T11:00:00Z"),
        again: None,
    };
    let later = Timer { since: at("2026-11-22T11:30:00Z"), ..timer.clone() };
    assert_eq!(timer.name(), later.name(), "a second event about the same cart arms nothing twice");
    let again = Timer { again: Some(at("2026-11-23T07:00:00Z")), ..timer.clone() };
    let step = Timer { step: 2, ..timer.clone() };
    assert_ne!(timer.name(), again.name());
    assert_ne!(timer.name(), step.name());
    assert!(timer.name().len() <= 64);
}

#[test]
fn durations_are_read_as_people_write_them() {
    for (text, seconds) in
        [("0", 0), ("0 s", 0), ("90 s", 90), ("15m", 900), ("1 h", 3_600), (" 72 h ", 259_200), ("3 d", 259_200)]
    {
        assert_eq!(parse_duration(text), Ok(SignedDuration::from_secs(seconds)), "{text}");
    }
    for text in ["", "1", "-1 h", "h", "1 week", "1.5 h", "99999999999999999999 d"] {
        assert!(parse_duration(text).is_err(), "{text}");
    }
}

#[test]
fn a_broken_file_is_refused_in_words() {
    let broken: Flows = serde_json::from_value(json!({ "flow": [
        { "name": "cart", "trigger": "checkout.started", "steps": [
            { "delay": "24 h", "mail": "cart-1" }, { "delay": "1 h", "mail": "cart-9" },
        ] },
        { "name": "cart", "trigger": "parcel.announced", "steps": [{ "delay": "1 h", "mail": "cart-1" }] },
        { "name": "Big Name", "trigger": "checkout.started", "steps": [] },
        { "name": "confirmation", "trigger": "order.cleared", "paused": true,
          "steps": [{ "delay": "0", "mail": "confirmation" }] },
        { "name": "shipped", "trigger": "parcel.delivered", "by": "klaviyo",
          "steps": [{ "delay": "1 h", "mail": "shipped" }, { "delay": "2 h", "mail": "cart-1" }] },
        { "name": "late", "trigger": "contact.subscribed", "steps": [{ "delay": "400 d", "mail": "cart-1" }] },
    ] }))
    .unwrap();
    let mistakes = broken.mistakes(|mail| mail == "cart-1");
    insta::assert_snapshot!(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"));
    assert_eq!(flows().mistakes(|mail| mail.starts_with("cart") || mail == "second-order"), []);
    for (key, value) in [("trigger", json!("order.eaten")), ("by", json!("pigeon")), ("delay", json!("1 h"))] {
        let mut flow = json!({ "name": "cart", "trigger": "checkout.started", "steps": [] });
        flow[key] = value;
        assert!(serde_json::from_value::<Flow>(flow).is_err(), "{key}");
    }
}

#[test]
fn a_mail_about_an_order_can_be_paused_and_stays_no_marketing() {
    let mut flows = flows();
    assert!(!flows.pauses("shipped"));
    flows.flow[2].paused = true;
    assert!(flows.pauses("shipped"));
    assert!(!flows.flow[2].is_marketing());
    assert_eq!(flows.started_by(Trigger::ParcelAnnounced).count(), 0);
}
