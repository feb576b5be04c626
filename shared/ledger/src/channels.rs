//! What is known of the channels to the owner: which test alert went out last, and when the owner last answered.
//!
//! | bookmark (under the store's subject) | `at`, epoch seconds | `place` |
//! |---|---|---|
//! | `bookmark#channel#<name>` | the owner last acknowledged something that came by this channel | what: an exception's id, or `test` |
//! | `bookmark#canary#<name>` | the channel last took a test alert; before the first one: since when we know the channel | `sent`, or empty |
//!
//! So a channel is proven since `at` of the first; a channel without that row has never been proven. `<name>` is `mail` or
//! `webhook`.

use domain::Timestamp;
use domain::exception::{Exception, What};
use domain::subject::Subject;

use crate::{Ledger, LedgerError, Table};

const TRIES: u32 = 8;

/// Where a channel stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelState {
    /// The owner last acknowledged something that came by it.
    pub acknowledged: Option<Timestamp>,
    /// The last test alert that it took.
    pub tested: Option<Timestamp>,
    /// Since when we know of it; `None`: we did not until now.
    pub known: Option<Timestamp>,
}

impl<T: Table> Ledger<T> {
    /// Where the channel stands.
    pub async fn channel(&self, store: &Subject, channel: &str) -> Result<ChannelState, LedgerError> {
        let answered = self.bookmark(store, &format!("channel#{channel}")).await?;
        let canary = self.bookmark(store, &format!("canary#{channel}")).await?;
        Ok(ChannelState {
            acknowledged: answered.map(|mark| mark.at),
            tested: canary.as_ref().filter(|mark| !mark.place.is_empty()).map(|mark| mark.at),
            known: canary.map(|mark| mark.at),
        })
    }

    /// The owner has acknowledged something (`what`) that came by this channel.
    pub async fn channel_acknowledged(
        &self,
        store: &Subject,
        channel: &str,
        what: &str,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.advance(store, &format!("channel#{channel}"), what, now).await?;
        // Whatever was said of its silence is over.
        let silent = What::ChannelUnproven { channel: channel.to_owned(), sent: String::new() };
        self.heal(store, &Exception::raise(store, &silent, channel, now).id, now).await
    }

    /// The channel took a test alert.
    pub async fn channel_tested(&self, store: &Subject, channel: &str, now: Timestamp) -> Result<(), LedgerError> {
        self.advance(store, &format!("canary#{channel}"), "sent", now).await
    }

    /// The channel is new to us; its first test alert is due a week from now.
    pub async fn channel_known(&self, store: &Subject, channel: &str, now: Timestamp) -> Result<(), LedgerError> {
        self.move_bookmark(store, &format!("canary#{channel}"), None, "", now).await?;
        Ok(())
    }

    /// Moves a bookmark forward, never back: two that write at once leave the later moment.
    async fn advance(&self, store: &Subject, name: &str, place: &str, at: Timestamp) -> Result<(), LedgerError> {
        for _ in 0..TRIES {
            let from = self.bookmark(store, name).await?;
            if from.as_ref().is_some_and(|mark| mark.at >= at && mark.place == place) {
                return Ok(());
            }
            let at = from.as_ref().map_or(at, |mark| mark.at.max(at));
            if self.move_bookmark(store, name, from.as_ref(), place, at).await? {
                return Ok(());
            }
        }
        Err(LedgerError::Contended(format!("{store} bookmark#{name}")))
    }
}
