//! SES v2: one request per mail.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_sesv2::Client;
use aws_sdk_sesv2::config::Builder;
use aws_sdk_sesv2::config::retry::RetryConfig;
use aws_sdk_sesv2::config::timeout::TimeoutConfig;
use aws_sdk_sesv2::error::BuildError;
use aws_sdk_sesv2::operation::send_email::builders::SendEmailFluentBuilder;
use aws_sdk_sesv2::types::{Body, Content, Destination, EmailContent, Message, MessageHeader, MessageTag};
use domain::provider::Trouble;

use crate::address::{self, Mailbox, NotAnAddress};
use crate::trouble::{self, sorted};
use crate::words::{many_lines, one_line};
use crate::{
    Account, HEADER_EFFECT, Letter, NotSent, ReadAccount, SendMail, TAG_EFFECT, TAG_FLOW, TAG_SUBJECT, account, tag_of,
};

/// The longest that SES may take to accept a connection, or to say what the account may send.
const CONNECT: Duration = Duration::from_secs(2);

/// SES in the function's own account and region.
#[derive(Debug, Clone)]
pub struct Ses {
    client: Client,
    configuration_set: String,
    /// For the mails of flows.
    marketing_set: Option<String>,
}

impl Ses {
    /// A client of its own: SES knows no idempotency key, so nothing is tried twice below us, and no request takes longer than
    /// `timeout`. `configuration_set` publishes the send events that settle what stays in doubt.
    #[must_use]
    pub fn new(account: &SdkConfig, configuration_set: String, timeout: Duration) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_timeout(timeout)
            .operation_attempt_timeout(timeout)
            .connect_timeout(timeout.min(CONNECT))
            .build();
        let config = Builder::from(account).retry_config(RetryConfig::disabled()).timeout_config(timeouts).build();
        Self { client: Client::from_conf(config), configuration_set, marketing_set: None }
    }

    /// The mails of flows go through this configuration set: there opens and clicks may be measured.
    #[must_use]
    pub fn with_marketing(self, configuration_set: String) -> Self {
        Self { marketing_set: Some(configuration_set), ..self }
    }

    fn request(&self, letter: &Letter) -> Result<SendEmailFluentBuilder, Trouble> {
        let mut tags = vec![(TAG_SUBJECT, tag_of(&letter.about)), (TAG_EFFECT, letter.effect.clone())];
        tags.extend(letter.flow.iter().map(|flow| (TAG_FLOW, flow.clone())));
        let marketing = self.marketing_set.as_ref().filter(|_| letter.flow.is_some());
        let mut request = self
            .client
            .send_email()
            .configuration_set_name(marketing.unwrap_or(&self.configuration_set))
            .from_email_address(mailbox("the sender's", &letter.from)?)
            .destination(Destination::builder().to_addresses(recipient(&letter.to)?).build())
            .content(EmailContent::builder().simple(message(letter)?).build());
        if let Some(reply_to) = &letter.reply_to {
            request = request.reply_to_addresses(mailbox("the answers'", reply_to)?);
        }
        for (name, value) in tags {
            request = request.email_tags(MessageTag::builder().name(name).value(value).build().map_err(unbuilt)?);
        }
        Ok(request)
    }
}

impl SendMail for Ses {
    async fn send(&self, letter: &Letter) -> Result<String, NotSent> {
        let answer = self.request(letter)?.send().await.map_err(|error| sorted(&error, letter))?;
        let id = answer.message_id.filter(|id| !id.is_empty());
        id.ok_or_else(|| Trouble::NoAnswer { why: "it answered without a message id".to_owned() }.into())
    }
}

impl ReadAccount for Ses {
    async fn account(&self) -> Result<Account, Trouble> {
        let quick = Builder::new().timeout_config(TimeoutConfig::builder().operation_timeout(CONNECT).build());
        let answer = self.client.get_account().customize().config_override(quick).send().await;
        account::read(&answer.map_err(|error| trouble::asking(&error))?)
    }
}

fn recipient(to: &str) -> Result<String, Trouble> {
    let to = to.trim();
    match address::check(to) {
        Ok(()) => Ok(to.to_owned()),
        Err(why) => Err(Trouble::Refused { why: why.to_string() }),
    }
}

/// One of the owner's own addresses. A wrong one is a mistake in store.toml, not in the order.
fn mailbox(whose: &str, text: &str) -> Result<String, Trouble> {
    let wrong = |why: NotAnAddress| Trouble::Broken { why: format!("{whose} address in store.toml is wrong: {why}") };
    Mailbox::parse(text).map(|mailbox| mailbox.to_string()).map_err(wrong)
}

fn message(letter: &Letter) -> Result<Message, Trouble> {
    let mut body = Body::builder().text(utf8(&many_lines(&letter.text))?);
    if let Some(html) = &letter.html {
        body = body.html(utf8(html)?);
    }
    let mut message = Message::builder().subject(utf8(&one_line(&letter.subject))?).body(body.build());
    let effect = (HEADER_EFFECT.to_owned(), letter.effect.clone());
    for (name, value) in [&effect].into_iter().chain(&letter.headers) {
        message = message.headers(header(name, value)?);
    }
    Ok(message.build())
}

/// SES takes printable ASCII, name and value together up to 996 characters (its model of `SendEmail`). What is longer or carries
/// a line's end is ours to have prevented.
fn header(name: &str, value: &str) -> Result<MessageHeader, Trouble> {
    let plain = value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && name.len() + value.len() <= 996;
    if !plain {
        return Err(Trouble::Broken { why: format!("the header {name} is not one plain line") });
    }
    MessageHeader::builder().name(name).value(value).build().map_err(unbuilt)
}

fn utf8(text: &str) -> Result<Content, Trouble> {
    Content::builder().charset("UTF-8").data(text).build().map_err(unbuilt)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of map_err")]
fn unbuilt(error: BuildError) -> Trouble {
    Trouble::Broken { why: format!("the mail could not be built: {error}") }
}

#[cfg(test)]
mod tests;
