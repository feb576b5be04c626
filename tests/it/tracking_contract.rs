//! What shipping and the drift report rely on, asked of every tracking feed in the same words, each against its own
//! stand-in.

use domain::parcel::Progress;
use domain::provider::Trouble;
use lambda::Secrets;
use sandbox::Sandbox;
use serde_json::{Value, json};
use tracking::door::{Delivery, Door, Heard};
use tracking::{Feed, Follow as _, Following, Look as _, Seen};

use crate::support::{self, Received, control};
use crate::tracking_signatures::config;

/// What differs between feeds, as each documents it.
struct Case {
    name: &'static str,
    /// Where its API is, below the sandbox.
    base: &'static str,
    /// The sandbox's names of what is asked.
    follow: &'static str,
    look: &'static str,
    /// It tells of a number as soon as it is registered.
    tells_at_once: bool,
}

const CASES: [Case; 3] = [
    Case {
        name: "17track",
        base: "17track/track/v2.4",
        follow: "register",
        look: "gettrackinfo",
        tells_at_once: false,
    },
    Case {
        name: "aftership",
        base: "aftership/tracking/2026-07",
        follow: "create_tracking",
        look: "list_trackings",
        tells_at_once: false,
    },
    Case {
        name: "easypost",
        base: "easypost/v2",
        follow: "create_tracker",
        look: "list_trackers",
        tells_at_once: true,
    },
];

const NUMBER: &str = "1Z999AA10123456784";

/// One feed, its stand-in, and a door that keeps what it hears.
struct Bench {
    case: &'static Case,
    sandbox: Sandbox,
    feed: Feed,
    door: Door,
    letterbox: support::Door,
}

impl Bench {
    async fn of(case: &'static Case) -> Self {
        Self::with_key(case, None).await
    }

    async fn with_key(case: &'static Case, key: Option<&str>) -> Self {
        let letterbox = support::Door::default();
        let given = sandbox::Config { retry_ms: vec![], ..Default::default() };
        let sandbox = Sandbox::start(given).await.unwrap();
        sandbox.set_intake_url(&letterbox.start().await);
        let url = sandbox.url();
        let config = config("live", |feed| {
            let case = CASES.iter().find(|case| case.name == feed).unwrap();
            Some(format!("{url}/{}/", case.base))
        });
        let own = &sandbox.ctx.config.tracking;
        let keys = [&own.seventeen_track.api_key, &own.aftership.api_key, &own.easypost.api_key];
        let names = Feed::secrets(&config).unwrap();
        assert_eq!(names, ["call/17track/token", "call/aftership/token", "call/easypost/token"]);
        let keys = keys.map(|given| key.unwrap_or(given));
        let secrets = Secrets::from_pairs(names.iter().map(String::as_str).zip(keys));
        let feeds = Feed::all(&config, &secrets, &lambda::http::client(2).unwrap()).unwrap();
        let feed = feeds.into_iter().find(|feed| feed.name() == case.name).unwrap();
        let names = Door::secrets(&config).unwrap();
        let signed = [&own.seventeen_track.api_key, &own.aftership.webhook_secret, &own.easypost.webhook_secret];
        let secrets = names.iter().map(String::as_str).zip(signed.map(String::as_str));
        let doors = Door::all(&config, &Secrets::from_pairs(secrets)).unwrap();
        let door = doors.into_iter().find(|door| door.name() == case.name).unwrap();
        Self { case, sandbox, feed, door, letterbox }
    }

    async fn follow(&self, number: &str, carrier: Option<&str>) -> Result<String, Trouble> {
        self.feed.follow(&Following { number, carrier, order: "#1001" }).await
    }

    async fn act(&self, number: &str, act: &str, body: Value) -> (u16, Value) {
        let path = format!("/_sandbox/tracking/{}/{number}/{act}", self.case.name);
        control(&self.sandbox, "POST", &path, body.to_string()).await
    }

    async fn happens(&self, act: &str, body: Value) {
        let (status, answer) = self.act(NUMBER, act, body).await;
        assert_eq!(status, 200, "{} {act}: {answer}", self.case.name);
    }

    async fn fault(&self, operation: &str, fault: &str) {
        let arm = json!([{ "provider": self.case.name, "operation": operation, "fault": fault, "times": 1 }]);
        let (status, answer) = control(&self.sandbox, "POST", "/_sandbox/faults", arm.to_string()).await;
        assert!(status < 300, "{answer}");
    }

    async fn followed(&self) -> Vec<Value> {
        let (_, list) = control(&self.sandbox, "GET", &format!("/_sandbox/tracking/{}", self.case.name), "").await;
        list.as_array().unwrap().clone()
    }

    /// What the door makes of a delivery, which must be rightly signed.
    fn hear(&self, received: &Received) -> Heard {
        assert_eq!(received.path, format!("/webhooks/tracking/{}", self.case.name));
        let headers =
            received.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()));
        let headers: Vec<_> = headers.collect();
        let delivery = Delivery { headers: &headers, body: &received.body };
        assert!(self.door.signed(&delivery), "{}", self.case.name);
        self.door.hear(&delivery).unwrap()
    }

    /// The last of `count` deliveries, which says where the parcel stands.
    async fn told(&self, count: usize) -> Seen {
        match self.hear(self.letterbox.wait_for(count).await.last().unwrap()) {
            Heard::Seen(seen) => *seen,
            other => panic!("{}: {other:?}", self.case.name),
        }
    }

    /// Its limits are by the second.
    async fn rest(&self) {
        tokio::time::sleep(std::time::Duration::from_millis(1_050)).await;
    }

    /// How many deliveries there were, once none is under way.
    async fn delivered(&self) -> usize {
        let deliveries = &self.sandbox.ctx.deliveries;
        while deliveries.pending() > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
        deliveries.list().len()
    }

    fn unexpected(&self) -> usize {
        self.sandbox.ctx.unexpected.list().len()
    }

    fn assert_clean(&self) {
        let unexpected = self.sandbox.ctx.unexpected.list();
        assert!(unexpected.is_empty(), "{}: {}", self.case.name, serde_json::to_string_pretty(&unexpected).unwrap());
    }
}

#[tokio::test]
async fn a_number_is_followed_once_however_often_we_ask() {
    for case in &CASES {
        let bench = Bench::of(case).await;
        let name = case.name;
        let first = bench.follow(NUMBER, Some("UPS")).await.unwrap_or_else(|trouble| panic!("{name}: {trouble:?}"));
        assert_eq!(bench.follow(NUMBER, Some("ups")).await.as_ref(), Ok(&first), "{name}: the same, called otherwise");
        assert_eq!(
            bench.follow("1Z 999-AA1 01 2345 6784", Some("ups")).await.as_ref(),
            Ok(&first),
            "{name}: as it is printed"
        );
        assert_eq!(bench.followed().await.len(), 1, "{name}");
        if name != "easypost" {
            assert_eq!(bench.followed().await[0]["order"], "#1001", "{name}: the owner finds the order there");
        }
        bench.rest().await;
        // The answer is lost after it was done: asking again is a yes with the same reference.
        let second = "9400111206206406260787";
        bench.fault(case.follow, "lost_answer").await;
        let lost = bench.follow(second, None).await;
        assert!(matches!(lost, Err(Trouble::NoAnswer { .. })), "{name}: {lost:?}");
        let again = bench.follow(second, None).await.unwrap_or_else(|trouble| panic!("{name}: {trouble:?}"));
        assert_ne!(again, first, "{name}");
        assert_eq!(bench.followed().await.len(), 2, "{name}");
        bench.assert_clean();
    }
}

#[tokio::test]
async fn what_the_door_hears_is_what_looking_finds() {
    for case in &CASES {
        let bench = Bench::of(case).await;
        let name = case.name;
        assert_eq!(bench.feed.look(NUMBER, None).await, Ok(None), "{name}: it does not follow it");
        bench.follow(NUMBER, None).await.unwrap();
        assert_eq!(bench.feed.look(NUMBER, None).await, Ok(None), "{name}: nothing is known yet");
        let mut told = 0;
        if case.tells_at_once {
            told += 1;
            let heard = bench.hear(&bench.letterbox.wait_for(told).await[0]);
            assert!(matches!(&heard, Heard::OfNoInterest(Some(parcel)) if parcel.0 == NUMBER), "{name}: {heard:?}");
        }
        let steps = [
            ("label", "2026-11-22T08:00:00Z", Progress::LabelCreated),
            ("transit", "2026-11-23T08:00:00Z", Progress::InTransit),
            ("out", "2026-11-24T08:00:00Z", Progress::OutForDelivery),
            ("deliver", "2026-11-24T15:30:00Z", Progress::Delivered),
        ];
        let mut scans = std::collections::BTreeSet::new();
        for (act, at, progress) in steps {
            bench.happens(act, json!({ "at": at, "promised": "2026-11-24" })).await;
            told += 1;
            let seen = bench.told(told).await;
            assert_eq!((seen.parcel.0.as_str(), seen.progress), (NUMBER, progress), "{name} {act}");
            assert_eq!(seen.at.map(|at| at.to_string()).as_deref(), Some(at), "{name} {act}");
            assert_eq!(seen.promised.as_deref(), Some("2026-11-24"), "{name} {act}");
            assert!(scans.insert(seen.scan()), "{name} {act}: a word of its own");
            // The same once more is the same word.
            bench.happens("again", json!({})).await;
            told += 1;
            assert_eq!(bench.told(told).await.scan(), seen.scan(), "{name} {act}");
            bench.rest().await;
            let looked = bench.feed.look(NUMBER, None).await.unwrap().unwrap();
            assert_eq!((looked.scan(), looked.progress, looked.at), (seen.scan(), progress, seen.at), "{name} {act}");
        }
        bench.happens("promise", json!({ "promised": "2026-11-25" })).await;
        let seen = bench.told(told + 1).await;
        assert_eq!(seen.promised.as_deref(), Some("2026-11-25"), "{name}");
        assert!(scans.insert(seen.scan()), "{name}: another promise is news");
        bench.assert_clean();
    }
}

#[tokio::test]
async fn every_word_of_a_feed_is_heard_as_what_it_means() {
    #[rustfmt::skip]
    let words = [
        ("attempt",  Progress::AttemptFailed,  [true,  true,  false]),
        ("pickup",   Progress::ReadyForPickup, [true,  true,  true]),
        ("customs",  Progress::HeldAtCustoms,  [true,  true,  false]),
        ("damage",   Progress::Problem,        [true,  true,  true]),
        ("lose",     Progress::Lost,           [true,  false, true]),
        ("cancel",   Progress::Problem,        [true,  false, true]),
        ("expire",   Progress::Unknown,        [true,  true,  false]),
        ("return",   Progress::Returning,      [true,  true,  true]),
        ("returned", Progress::Returned,       [true,  false, false]),
    ];
    for (case, column) in CASES.iter().zip(0..) {
        let bench = Bench::of(case).await;
        bench.follow(NUMBER, None).await.unwrap();
        let mut told = usize::from(case.tells_at_once);
        // A word that nobody has heard of yet.
        bench.happens("say", json!({ "status": "Teleported", "detail": "Teleported_Twice" })).await;
        told += 1;
        let seen = bench.told(told).await;
        assert_eq!(seen.progress, Progress::Unknown, "{}", case.name);
        assert!(seen.status.contains("Teleported"), "{}: {}", case.name, seen.status);
        for (act, progress, has) in words {
            let (status, _) = bench.act(NUMBER, act, json!({})).await;
            assert_eq!(status, if has[column] { 200 } else { 409 }, "{} {act}", case.name);
            if has[column] {
                told += 1;
                assert_eq!(bench.told(told).await.progress, progress, "{} {act}", case.name);
            }
        }
        bench.assert_clean();
    }
}

#[tokio::test]
async fn what_ends_and_what_cannot_be_told() {
    let bench = Bench::of(&CASES[0]).await;
    bench.follow(NUMBER, None).await.unwrap();
    // The carrier's clock does not say where it stands: when 17TRACK last asked, instead.
    bench.happens("transit", json!({ "at": "2026-11-22T10:00:00" })).await;
    let seen = bench.told(1).await;
    assert_eq!(seen.moment.as_deref(), Some("2026-11-22T10:00:00"));
    assert!(seen.at.is_some());
    bench.happens("stop", json!({})).await;
    let heard = bench.hear(bench.letterbox.wait_for(2).await.last().unwrap());
    assert!(matches!(&heard, Heard::OfNoInterest(Some(parcel)) if parcel.0 == NUMBER), "{heard:?}");
    // The stand-ins play only what is followed, and only what their feeds could say.
    for case in &CASES {
        let bench = Bench::of(case).await;
        assert_eq!(bench.act("1Z0", "transit", json!({})).await.0, 404, "{}", case.name);
        bench.follow(NUMBER, None).await.unwrap();
        assert_eq!(bench.act(NUMBER, "dance", json!({})).await.0, 409, "{}", case.name);
        assert_eq!(bench.act(NUMBER, "transit", json!({ "at": "soon" })).await.0, 400, "{}", case.name);
        assert_eq!(bench.act(NUMBER, "say", json!({})).await.0, 400, "{}", case.name);
        let local = bench.act(NUMBER, "transit", json!({ "at": "2026-11-22T10:00:00" })).await.0;
        assert_eq!(local, if case.name == "easypost" { 400 } else { 200 }, "{}", case.name);
        let (status, _) =
            control(&bench.sandbox, "PUT", &format!("/_sandbox/tracking/{}/webhooks", case.name), r#"{"on":false}"#)
                .await;
        assert_eq!(status, 200);
        let before = bench.delivered().await;
        bench.happens("deliver", json!({})).await;
        assert_eq!(bench.delivered().await, before, "{}: nothing is told while webhooks are off", case.name);
    }
}

#[tokio::test]
async fn limits_outages_and_refusals_are_told_apart() {
    for case in &CASES {
        let bench = Bench::of(case).await;
        let name = case.name;
        for (fault, wanted) in [
            ("429", "RateLimited"),
            ("5xx", "NoAnswer"),
            ("refuse", "Refused"),
            ("reset", "NoAnswer"),
            ("hang", "NoAnswer"),
        ] {
            bench.fault(case.follow, fault).await;
            let said = bench.follow(NUMBER, None).await.unwrap_err();
            assert!(format!("{said:?}").starts_with(wanted), "{name} {fault}: {said:?}");
            bench.fault(case.look, fault).await;
            let said = bench.feed.look(NUMBER, None).await.unwrap_err();
            // Only asked: a lost answer leaves no doubt.
            let wanted = wanted.replace("NoAnswer", "Unavailable");
            assert!(format!("{said:?}").starts_with(&wanted), "{name} {fault}: {said:?}");
        }
        assert!(bench.followed().await.is_empty(), "{name}");
        // A number that no carrier has is a clear no, and nobody's mistake but the sender's.
        let said = bench.follow("NOSUCHNUMBER", None).await.unwrap_err();
        assert!(matches!(said, Trouble::Refused { .. }), "{name}: {said:?}");
        bench.assert_clean();
    }
}

#[tokio::test]
async fn each_feed_keeps_its_limit() {
    for case in &CASES {
        let bench = Bench::of(case).await;
        let limit = bench.feed.limit();
        assert_eq!(limit.per, jiff::SignedDuration::from_secs(1), "{}", case.name);
        // All at once: however slow this machine is, more come within a second than the feed takes.
        let mut asked = tokio::task::JoinSet::new();
        for _ in 0..limit.calls * 4 {
            let feed = bench.feed.clone();
            asked.spawn(async move { feed.look(NUMBER, None).await });
        }
        let mut limited = 0;
        for said in asked.join_all().await {
            match said {
                Err(Trouble::RateLimited { .. }) => limited += 1,
                other => {
                    assert!(matches!(other, Ok(None) | Err(Trouble::Unavailable { .. })), "{}: {other:?}", case.name)
                }
            }
        }
        assert!(limited > 0, "{}", case.name);
        bench.assert_clean();
    }
}

#[tokio::test]
async fn a_wrong_key_is_for_a_person_to_mend() {
    for case in &CASES {
        let bench = Bench::with_key(case, Some("wrong")).await;
        let said = bench.follow(NUMBER, None).await.unwrap_err();
        assert!(matches!(said, Trouble::Broken { .. }), "{}: {said:?}", case.name);
        let said = bench.feed.look(NUMBER, None).await.unwrap_err();
        assert!(matches!(said, Trouble::Broken { .. }), "{}: {said:?}", case.name);
        assert_eq!(bench.unexpected(), 2, "{}", case.name);
    }
}
