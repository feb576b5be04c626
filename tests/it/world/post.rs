//! The post office: takes letters, and can lose its answer, refuse, or see its caller die.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use domain::provider::Trouble;
use mailer::{Account, Letter, NotSent, ReadAccount, SendMail};

use super::Crash;

/// What becomes of the next letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Sent,
    /// Sent, and the answer is lost.
    LostAnswer,
    /// Not sent: too many.
    Throttled,
    /// The caller dies before it is sent.
    DiesBefore,
    /// The caller dies after it was sent.
    DiesAfter,
}

#[derive(Clone)]
pub struct Post {
    crash: Crash,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    letters: Vec<Letter>,
    fates: VecDeque<Fate>,
}

impl Post {
    pub fn new(crash: Crash) -> Self {
        Self { crash, inner: Arc::default() }
    }

    pub fn next(&self, fates: impl IntoIterator<Item = Fate>) {
        self.inner.lock().unwrap().fates.extend(fates);
    }

    /// What was sent: kind by the subject line's words, and the letter.
    pub fn sent(&self) -> Vec<(String, Letter)> {
        let letters = self.inner.lock().unwrap().letters.clone();
        letters.into_iter().map(|letter| (kind(&letter), letter)).collect()
    }
}

/// The kind of a customer's mail; the test knows the words, so that a mail sent under the wrong words is noticed.
fn kind(letter: &Letter) -> String {
    let subject = letter.subject.to_lowercase();
    let kinds = [
        ("has been delivered", "delivered"),
        ("is on its way", "shipped"),
        ("is being made", "in-production"),
        ("out for delivery", "out-for-delivery"),
        ("getting on", "still"),
        ("could not be handed over", "problem"),
        ("waits to be fetched", "problem"),
        ("is at customs", "problem"),
        ("a problem with", "problem"),
        ("is lost", "problem"),
        ("goes back", "problem"),
        ("confirm", "confirmation"),
        ("thank", "confirmation"),
    ];
    let found = kinds.iter().find(|(words, _)| subject.contains(words));
    found.map_or_else(|| format!("unknown: {}", letter.subject), |(_, kind)| (*kind).to_owned())
}

/// An account without limits.
impl ReadAccount for Post {
    async fn account(&self) -> Result<Account, Trouble> {
        Ok(Account { per_second: 1_000_000, per_day: None, sent: 0 })
    }
}

impl SendMail for Post {
    async fn send(&self, letter: &Letter) -> Result<String, NotSent> {
        let fate = self.inner.lock().unwrap().fates.pop_front().unwrap_or(Fate::Sent);
        match fate {
            Fate::Throttled => return Err(Trouble::RateLimited { retry_after: None, a_second: None }.into()),
            Fate::DiesBefore => {
                self.crash.now();
                std::future::pending::<()>().await;
            }
            _ => {}
        }
        let id = {
            let mut inner = self.inner.lock().unwrap();
            inner.letters.push(letter.clone());
            format!("mail-{}", inner.letters.len())
        };
        match fate {
            Fate::LostAnswer => Err(Trouble::NoAnswer { why: "no answer in time".to_owned() }.into()),
            Fate::DiesAfter => {
                self.crash.now();
                std::future::pending::<()>().await;
                Ok(id)
            }
            _ => Ok(id),
        }
    }
}
