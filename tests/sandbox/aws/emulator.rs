//! The sandbox's own calls to the emulator. They bypass the proxy: no fault hits them and nothing counts them.

use serde_json::{Value, json};
use std::time::Duration;

pub(crate) struct Emulator {
    pub client: reqwest::Client,
    base: String,
    region: String,
}

/// A deployment through the proxy may take long.
const ANSWER_WITHIN: Duration = Duration::from_secs(120);

/// A mail as the emulator keeps it. It keeps neither tags, headers nor the configuration set.
#[derive(Clone, Debug)]
pub(crate) struct Mail {
    pub id: String,
    pub source: String,
    /// To, then Cc, then Bcc.
    pub recipients: Vec<String>,
    pub to: Vec<String>,
    pub subject: String,
    pub html: bool,
    /// Milliseconds since 1970.
    pub time_ms: i64,
}

/// Where events of a configuration set go.
#[derive(Clone, Debug)]
pub(crate) struct Destination {
    pub topic_arn: String,
    /// `SEND`, `DELIVERY`, …; empty: all of them.
    pub types: Vec<String>,
}

impl Emulator {
    pub fn new(base: &str, region: &str) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(ANSWER_WITHIN)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { client, base: base.trim_end_matches('/').to_owned(), region: region.to_owned() })
    }

    /// `path` begins with `/`.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The emulator finds the service in the signature's scope and does not check the signature.
    fn authorization(&self, service: &str, region: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=test/20200101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
        )
    }

    async fn get(&self, path: &str) -> Option<(u16, Value)> {
        let request = self.client.get(self.url(path)).header("authorization", self.authorization("ses", &self.region));
        let response = request.send().await.ok()?;
        let status = response.status().as_u16();
        Some((status, response.json().await.unwrap_or_default()))
    }

    /// True only where the emulator says so; an emulator that does not answer is the forwarded call's matter.
    pub async fn lacks_configuration_set(&self, name: &str) -> bool {
        let name = encode(name);
        self.get(&format!("/v2/email/configuration-sets/{name}")).await.is_some_and(|(status, _)| status == 404)
    }

    /// The names of all configuration sets.
    pub async fn configuration_sets(&self) -> Vec<String> {
        let Some((200, listed)) = self.get("/v2/email/configuration-sets").await else {
            return Vec::new();
        };
        strings(&listed["ConfigurationSets"])
    }

    /// The SNS topics a configuration set publishes to.
    pub async fn destinations(&self, set: &str) -> Vec<Destination> {
        let path = format!("/v2/email/configuration-sets/{}/event-destinations", encode(set));
        let Some((200, listed)) = self.get(&path).await else {
            return Vec::new();
        };
        let destinations = listed["EventDestinations"].as_array().cloned().unwrap_or_default();
        destinations
            .iter()
            .filter(|destination| destination["Enabled"].as_bool().unwrap_or(true))
            .filter_map(|destination| {
                let topic_arn = destination["SnsDestination"]["TopicArn"].as_str()?.to_owned();
                Some(Destination { topic_arn, types: strings(&destination["MatchingEventTypes"]) })
            })
            .collect()
    }

    /// The emulator's own list of mails, as it is. Errors: the emulator does not answer.
    pub async fn mail_list(&self) -> anyhow::Result<Value> {
        match self.get("/_ministack/ses/messages").await {
            Some((200, list)) => Ok(list),
            Some((status, _)) => anyhow::bail!("the emulator answers {status} for its list of mails"),
            None => anyhow::bail!("the emulator does not answer"),
        }
    }

    /// Every mail the emulator holds; None where it does not answer.
    pub async fn mails(&self) -> Option<Vec<Mail>> {
        let (status, listed) = self.get("/_ministack/ses/messages").await?;
        if status != 200 {
            return None;
        }
        let accounts = listed["messages"].as_object().cloned().unwrap_or_default();
        Some(accounts.values().filter_map(Value::as_array).flatten().filter_map(mail).collect())
    }

    /// Publishes one message. Errors: a sentence.
    pub async fn publish(&self, topic_arn: &str, subject: &str, message: &str) -> Result<(), String> {
        let region = topic_arn.split(':').nth(3).unwrap_or(&self.region);
        let form = [
            ("Action", "Publish"),
            ("Version", "2010-03-31"),
            ("TopicArn", topic_arn),
            ("Subject", subject),
            ("Message", message),
        ];
        let body: Vec<String> = form.iter().map(|(key, value)| format!("{key}={}", encode(value))).collect();
        let request = self
            .client
            .post(self.url("/"))
            .header("authorization", self.authorization("sns", region))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.join("&"));
        match request.send().await {
            Ok(response) if response.status().is_success() => Ok(()),
            Ok(response) => {
                Err(format!("SNS answers {}: {}", response.status(), response.text().await.unwrap_or_default()))
            }
            Err(error) => Err(format!("SNS does not answer: {error}")),
        }
    }
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn mail(message: &Value) -> Option<Mail> {
    let to = strings(&message["To"]);
    let recipients = [to.clone(), strings(&message["CC"]), strings(&message["BCC"])].concat();
    Some(Mail {
        id: message["MessageId"].as_str()?.to_owned(),
        source: message["Source"].as_str().unwrap_or_default().to_owned(),
        recipients,
        to,
        subject: message["Subject"].as_str().unwrap_or_default().to_owned(),
        html: message["BodyHtml"].is_string(),
        time_ms: milliseconds(message.get("Timestamp").unwrap_or(&json!(0))),
    })
}

/// Seconds with a fraction, as the emulator prints them.
fn milliseconds(seconds: &Value) -> i64 {
    let printed = seconds.as_f64().map(|seconds| format!("{seconds:.3}")).unwrap_or_default();
    printed.replace('.', "").parse().unwrap_or(0)
}

/// Percent-encoding for forms and path segments.
fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
