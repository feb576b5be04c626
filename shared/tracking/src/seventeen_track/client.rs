//! One 17TRACK account.

use domain::provider::Trouble;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::MANIFEST;
use super::wire::Item;
use crate::calls::{Setup, plain, send};
use crate::ports::{Follow, Following, Look};
use crate::text::{Text, words};
use crate::{FeedError, Seen};

/// One 17TRACK account.
#[derive(Debug, Clone)]
pub struct SeventeenTrack {
    base: String,
    token: SecretString,
    http: reqwest::Client,
}

/// Its codes that mean something to us. The number is registered already,
const REGISTERED: i64 = -18_019_901;
/// not registered,
const NOT_REGISTERED: i64 = -18_019_902;
/// nothing is known of it yet,
const NOTHING_YET: i64 = -18_019_909;
/// the day's limit is reached,
const DAILY_LIMIT: i64 = -18_019_907;
/// everything that was paid for is used up,
const USED_UP: i64 = -18_019_908;
/// it failed by itself,
const INTERNAL: i64 = -18_010_003;
/// and what is wrong with the address we call from, the key or the account.
const ACCOUNT: std::ops::RangeInclusive<i64> = -18_010_005..=-18_010_001;

impl SeventeenTrack {
    pub(crate) fn new(setup: &Setup<'_>) -> Result<Self, FeedError> {
        Ok(Self { base: setup.base(&MANIFEST), token: setup.token(&MANIFEST)?, http: setup.http.clone() })
    }

    /// Asks about one number: every call is a POST of a list, and every answer is a list of those it accepts and those it does not.
    async fn ask<T: DeserializeOwned>(&self, path: &str, number: Value) -> Result<Said<T>, Trouble> {
        let request = self.http.post(format!("{}/{path}", self.base)).header("17token", self.token.expose_secret());
        let answer = send(request.json(&json!([number]))).await?;
        if !answer.status.is_success() {
            return Err(answer.refused(reason));
        }
        let envelope: Envelope<T> = answer.read()?;
        if envelope.code != 0 {
            let first = envelope.data.errors.into_iter().next();
            return Err(first.unwrap_or(Problem { code: envelope.code, message: String::new() }).trouble());
        }
        let refused = envelope.data.rejected.into_iter().next();
        match (envelope.data.accepted.into_iter().next(), refused) {
            (Some(item), _) => Ok(Said::Accepted(item)),
            (None, Some(refused)) => Ok(Said::Rejected(refused)),
            (None, None) => Err(Trouble::NoAnswer { why: "its answer is about no number".to_owned() }),
        }
    }
}

/// Its number of a carrier, where somebody names one. It finds carriers by itself, and its list is the only source of the numbers.
fn carrier_of(word: Option<&str>) -> Option<u64> {
    word.and_then(|word| word.parse().ok()).filter(|number| *number > 0)
}

/// `{number, carrier?}`.
fn asked(number: &str, word: Option<&str>) -> Value {
    let mut asked = json!({ "number": number });
    if let Some(carrier) = carrier_of(word) {
        asked["carrier"] = json!(carrier);
    }
    asked
}

impl Follow for SeventeenTrack {
    /// Its reference of a parcel is its carrier's number and the parcel's.
    async fn follow(&self, parcel: &Following<'_>) -> Result<String, Trouble> {
        let number = plain(parcel.number)?;
        let mut asked = asked(&number, parcel.carrier);
        asked["tag"] = json!(parcel.order);
        let reference = |carrier: Option<Text>| {
            let carrier = carrier.filter(|carrier| carrier.0 != "0").map(|carrier| format!("{}/", carrier.0));
            format!("{}{number}", carrier.unwrap_or_default())
        };
        match self.ask::<Registered>("register", asked).await? {
            Said::Accepted(registered) => Ok(reference(registered.carrier)),
            Said::Rejected(refused) if refused.error.code == REGISTERED => Ok(reference(refused.carrier)),
            Said::Rejected(refused) => Err(refused.error.trouble()),
        }
    }
}

impl Look for SeventeenTrack {
    async fn look(&self, number: &str, word: Option<&str>) -> Result<Option<Seen>, Trouble> {
        match self.ask::<Item>("gettrackinfo", asked(&plain(number)?, word)).await.map_err(Trouble::nothing_sent)? {
            Said::Accepted(item) => {
                let info = item.track_info.as_ref().filter(|info| info.says_something());
                Ok(info.and_then(|info| info.seen(&item.number, item.carrier.as_ref())))
            }
            Said::Rejected(refused) if [NOT_REGISTERED, NOTHING_YET].contains(&refused.error.code) => Ok(None),
            Said::Rejected(refused) => Err(refused.error.trouble().nothing_sent()),
        }
    }
}

/// What it says about one number.
enum Said<T> {
    Accepted(T),
    Rejected(Rejected),
}

#[derive(Deserialize)]
struct Envelope<T> {
    code: i64,
    data: Data<T>,
}

#[derive(Deserialize)]
struct Data<T> {
    #[serde(default = "Vec::new")]
    accepted: Vec<T>,
    #[serde(default)]
    rejected: Vec<Rejected>,
    #[serde(default)]
    errors: Vec<Problem>,
}

#[derive(Deserialize)]
struct Registered {
    #[serde(default)]
    carrier: Option<Text>,
}

#[derive(Deserialize)]
struct Rejected {
    #[serde(default)]
    carrier: Option<Text>,
    error: Problem,
}

#[derive(Deserialize)]
struct Problem {
    code: i64,
    #[serde(default)]
    message: String,
}

impl Problem {
    fn trouble(self) -> Trouble {
        let told = words(&self.message);
        let why = if told.is_empty() { format!("it answers {}", self.code) } else { format!("{told} ({})", self.code) };
        match self.code {
            DAILY_LIMIT => Trouble::RateLimited { retry_after: None, a_second: None },
            INTERNAL => Trouble::NoAnswer { why },
            // More has to be bought, or the account mended.
            USED_UP => Trouble::Broken { why },
            code if ACCOUNT.contains(&code) => Trouble::Broken { why },
            _ => Trouble::Refused { why },
        }
    }
}

/// The reason of a whole call that failed: `{code, data: {errors: [{code, message}]}}`.
fn reason(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    body["data"]["errors"][0]["message"].as_str().map(str::to_owned)
}
