//! What is open, and that the owner has seen it. And the answer to a test alert.
//!
//! Looking changes nothing; each button is a form of its own. Whoever presses one has read what came by the link's channel, so
//! that the channel is proven.

use askama::Template;
use domain::exception::{Exception, Life};
use domain::verdict::Standing;
use jiff::SignedDuration;
use lambda::Clock;
use ledger::{LedgerError, Table};
use links::owner::{Named, linked_canary, linked_exception};
use links::{LinkError, Purpose};
use store::ReadOrder;

use crate::Console;
use crate::http::Reply;
use crate::page::{self, STYLE, shown};

/// So many are shown; nobody reads more, and the answer has to fit.
const SHOWN: usize = 1_000;
/// How long the link to a decision on the page is good.
const DECIDES_FOR: SignedDuration = SignedDuration::from_hours(24);
/// What waits for the owner's decision; the link leads to its own page.
const TO_BE_DECIDED: [&str; 3] = ["held", "hold-refused", "late-held-order"];

/// One exception, as the owner reads it.
struct Entry {
    id: String,
    who: String,
    layer: &'static str,
    since: String,
    reason: String,
    next_step: String,
    /// It came back: this is the n-th time.
    again: Option<u32>,
    open: bool,
    healed: Option<String>,
    resolved: bool,
    replayable: bool,
    /// The page where it is decided.
    decide: Option<String>,
}

#[derive(Template)]
#[template(path = "exception.html")]
struct One<'a> {
    style: &'a str,
    entry: Entry,
    /// The button was pressed.
    pressed: bool,
}

#[derive(Template)]
#[template(path = "exceptions.html")]
struct All<'a> {
    style: &'a str,
    shop: String,
    open: Vec<Entry>,
    seen: Vec<Entry>,
    more: usize,
    pressed: Option<String>,
}

#[derive(Template)]
#[template(path = "test.html")]
struct Test<'a> {
    style: &'a str,
    sent: String,
}

fn entry(exception: &Exception) -> Entry {
    let order = exception.subject.order().map(|id| format!("order {id}"));
    let who = exception.order_name.as_deref().map(shown).or(order).unwrap_or_else(|| "your store".to_owned());
    Entry {
        id: exception.id.clone(),
        who,
        layer: exception.layer.as_str(),
        since: format!("{:.0}", exception.raised),
        reason: shown(&exception.reason),
        next_step: shown(&exception.next_step.replace("<id>", &exception.id)),
        again: (exception.round > 1).then_some(exception.round),
        open: exception.state == Life::Open,
        healed: exception.healed.map(|healed| format!("{:.0}", healed.at)),
        resolved: exception.state == Life::Resolved,
        replayable: exception.replayable,
        decide: None,
    }
}

fn closed(error: LinkError) -> Reply {
    match error {
        LinkError::Expired => {
            let next = "The newest digest has a new one. `make exceptions` lists what is open, `make acknowledge \
                        EXCEPTION=<id>` does what the button would, and `make test-alert` sends a new test alert.";
            page::notice(410, "This link is too old.", next)
        }
        LinkError::Forged => page::notice(403, "This link is not one of ours.", "Open the link in the alert itself."),
    }
}

impl<T: Table, S: ReadOrder, C: Clock> Console<T, S, C> {
    /// `exceptions/<token>`: one exception, and that it was seen.
    pub(crate) async fn exception(&self, token: &str, post: bool) -> Result<Reply, LedgerError> {
        let Named { channel, subject, id, round } = match linked_exception(&self.key, token, self.clock.now()) {
            Ok(named) => named,
            Err(error) => return Ok(closed(error)),
        };
        let exception = if post {
            let now = self.ledger.seen(&subject, &id, round).await?;
            self.ledger.channel_acknowledged(&self.subject, &channel, &id, self.clock.now()).await?;
            tracing::info!(exception.id = id, channel, "seen by the owner");
            now
        } else {
            self.ledger.exception(&subject, &id).await?
        };
        let Some(exception) = exception else {
            return Ok(page::notice(404, "Nothing is known of this.", "`make exceptions` lists what is open."));
        };
        if exception.round > round && exception.state == Life::Open {
            let title = "It was settled, and has come back since this alert.";
            return Ok(page::notice(200, title, "The newer alert says what is wrong now, and has a link of its own."));
        }
        let entry = self.with_decision(&exception).await?;
        Ok(page::render(200, &One { style: STYLE, entry, pressed: post }))
    }

    /// `open/<token>`: everything that is open. A form names the exception that was seen.
    pub(crate) async fn open(&self, token: &str, form: Option<&Vec<u8>>) -> Result<Reply, LedgerError> {
        let now = self.clock.now();
        let channel = match self.key.open(token, Purpose::Open, now) {
            Ok(channel) => channel,
            Err(error) => return Ok(closed(error)),
        };
        let mut open = self.ledger.open_exceptions().await?;
        let mut pressed = None;
        if let Some(form) = form {
            let form = String::from_utf8_lossy(form);
            // Ids hold letters, digits and hyphens: nothing that a form writes in another way.
            let wanted = form.split('&').find_map(|pair| pair.strip_prefix("exception="));
            let Some(found) = open.iter_mut().find(|exception| Some(exception.id.as_str()) == wanted) else {
                let next = "It may be settled by now. Open the link in the digest again.";
                return Ok(page::notice(404, "That is not open any more.", next));
            };
            let after = self.ledger.seen(&found.subject, &found.id, found.round).await?;
            self.ledger.channel_acknowledged(&self.subject, &channel, &found.id, now).await?;
            tracing::info!(exception.id = found.id, channel, "seen by the owner");
            // The index lags behind what was just written.
            *found = after.unwrap_or_else(|| found.clone());
            pressed = Some(entry(found).who);
        }
        open.sort_by_cached_key(|exception| (exception.raised, exception.id.clone()));
        let more = open.len().saturating_sub(SHOWN);
        let (mut standing, mut seen) = (Vec::new(), Vec::new());
        for exception in open.iter().filter(|exception| exception.state != Life::Resolved).take(SHOWN) {
            let entry = self.with_decision(exception).await?;
            if entry.open { standing.push(entry) } else { seen.push(entry) }
        }
        let shop = shown(&self.shop);
        Ok(page::render(200, &All { style: STYLE, shop, open: standing, seen, more, pressed }))
    }

    /// `tests/<token>`: the answer to a test alert.
    pub(crate) async fn test(&self, token: &str, post: bool) -> Result<Reply, LedgerError> {
        let (channel, sent) = match linked_canary(&self.key, token, self.clock.now()) {
            Ok(canary) => canary,
            Err(error) => return Ok(closed(error)),
        };
        if post {
            self.ledger.channel_acknowledged(&self.subject, &channel, "test", self.clock.now()).await?;
            tracing::info!(channel, "a test alert was answered");
            let next = "Baton knows now that alerts reach you by this way. There is nothing more to do.";
            return Ok(page::notice(200, "Thank you, it arrived.", next));
        }
        let sent = jiff::Timestamp::from_second(sent).map_or_else(|_| String::new(), |at| format!("{at:.0}"));
        Ok(page::render(200, &Test { style: STYLE, sent }))
    }

    /// With the page where a held order is decided.
    async fn with_decision(&self, exception: &Exception) -> Result<Entry, LedgerError> {
        let entry = entry(exception);
        let Some(order) = exception.subject.order() else { return Ok(entry) };
        if !TO_BE_DECIDED.contains(&exception.what.as_str()) || exception.state == Life::Resolved {
            return Ok(entry);
        }
        let standing = Standing::of(&self.ledger.journey(&exception.subject).await?.events);
        let expires = self.clock.now().checked_add(DECIDES_FOR).unwrap_or(self.clock.now());
        let sign = |round: u32| self.key.sign(Purpose::Decision, &format!("{order}#{round}"), expires);
        // Beside this page: the console's address is its own.
        Ok(Entry { decide: standing.held().map(|round| format!("../decisions/{}", sign(round))), ..entry })
    }
}
