//! The ways to the owner: mail always, and a webhook where one is set up.
//!
//! Every alert goes out on every channel, each under an effect of its own, so that one channel that fails takes nothing from the
//! other. What is sent is written once, as a [`Letter`]; each channel says it in its own shape.

use std::fmt;

use domain::effect::EffectKey;
use domain::exception::Exception;
use domain::provider::Trouble;
use lambda::{Clock, Queue};
use ledger::Table;
use mailer::{Letter, SendMail};

use crate::Monitoring;
use crate::queues::Queues;
use crate::webhook::Urgency;

/// A way to the owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Channel {
    Mail,
    Webhook,
}

impl Channel {
    /// `mail` or `webhook`: in links, rows and effects.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Webhook => "webhook",
        }
    }

    /// The effect of telling of this exception by this channel.
    #[must_use]
    pub fn alert(self, exception: &Exception) -> EffectKey {
        let (exception, round) = (exception.id.clone(), exception.round);
        match self {
            Self::Mail => EffectKey::Alert { exception, round },
            Self::Webhook => EffectKey::AlertOn { channel: self.name().to_owned(), exception, round },
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// The channels that are set up.
    pub(crate) fn channels(&self) -> Vec<Channel> {
        let webhook = self.alerts.webhook.is_some().then_some(Channel::Webhook);
        [Channel::Mail].into_iter().chain(webhook).collect()
    }

    /// Sends it; the provider's id, or what stands in for one.
    pub(crate) async fn send_by(&self, channel: Channel, letter: &Letter, urgency: Urgency) -> Result<String, Trouble> {
        match (channel, &self.alerts.webhook) {
            (Channel::Mail, _) => Ok(self.mail.send(letter).await?),
            (Channel::Webhook, Some(webhook)) => webhook.send(letter, urgency, self.station.now()).await,
            (Channel::Webhook, None) => {
                Err(Trouble::Broken { why: "no webhook is set up in [alerts.webhook] any more".to_owned() })
            }
        }
    }
}
