//! Links about a person: to unsubscribe, to choose, to confirm. They name the contact by the hash of the address and by the
//! store's own id, never the address itself.

use domain::Timestamp;
use domain::contact::ContactId;
use jiff::SignedDuration;

use crate::{Key, LinkError, Purpose};

/// How long a link to unsubscribe opens. The law wants it to work for at least 30 days after the mail was sent (CAN-SPAM Act, 15
/// U.S.C. 7704(a)(3)(A)(ii)); twice that, since people read old mail.
pub const UNSUBSCRIBE_LINK: SignedDuration = SignedDuration::from_hours(60 * 24);
/// The same for the page of preferences, which stands beside it in every mail.
pub const PREFERENCES_LINK: SignedDuration = UNSUBSCRIBE_LINK;
/// How long somebody has to confirm that they want the store's news.
pub const CONFIRM_LINK: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Whom a link is about, and which mail brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The hash of the address: the contact's subject.
    pub contact: String,
    /// How the store knows them.
    pub customer: Option<ContactId>,
    /// The effect hash of the mail.
    pub mail: Option<String>,
}

impl Recipient {
    /// `<hash of the address>#<store's id>#<effect hash>`; what is not known is empty.
    fn about(&self) -> String {
        let customer = self.customer.as_ref().map(|id| id.0.as_str()).unwrap_or_default();
        format!("{}#{customer}#{}", self.contact, self.mail.as_deref().unwrap_or_default())
    }

    fn of(about: &str) -> Option<Self> {
        let mut parts = about.split('#');
        let (contact, customer, mail) = (parts.next()?, parts.next()?, parts.next()?);
        let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let contact = known(contact).filter(|_| parts.next().is_none())?;
        Some(Self { contact, customer: known(customer).map(ContactId), mail: known(mail) })
    }
}

/// The address at which `who` unsubscribes, below `base`, the storefront's own address. It goes into `List-Unsubscribe` and into
/// the mail's foot.
#[must_use]
pub fn unsubscribe_link(base: &str, key: &Key, who: &Recipient, now: Timestamp) -> String {
    link(base, "unsubscribe", key, Purpose::Unsubscribe, who, now, UNSUBSCRIBE_LINK)
}

/// The address at which `who` chooses which mails they get.
#[must_use]
pub fn preferences_link(base: &str, key: &Key, who: &Recipient, now: Timestamp) -> String {
    link(base, "preferences", key, Purpose::Preferences, who, now, PREFERENCES_LINK)
}

/// The address at which `who` confirms that they want the store's news (double opt-in).
#[must_use]
pub fn confirm_link(base: &str, key: &Key, who: &Recipient, now: Timestamp) -> String {
    link(base, "subscribe", key, Purpose::Confirm, who, now, CONFIRM_LINK)
}

fn link(
    base: &str,
    path: &str,
    key: &Key,
    purpose: Purpose,
    who: &Recipient,
    now: Timestamp,
    lasts: SignedDuration,
) -> String {
    let expires = now.checked_add(lasts).unwrap_or(now);
    format!("{}/{path}/{}", base.trim_end_matches('/'), key.sign(purpose, &who.about(), expires))
}

/// Whom a token for `purpose` is about.
pub fn linked_recipient(key: &Key, purpose: Purpose, token: &str, now: Timestamp) -> Result<Recipient, LinkError> {
    Recipient::of(&key.open(token, purpose, now)?).ok_or(LinkError::Forged)
}

/// The two headers of a marketing mail that let a mail program unsubscribe its owner with one click (RFC 8058, section 3.1), each on
/// one line: a folded one breaks signatures. `link` is [`unsubscribe_link`]'s.
#[must_use]
pub fn one_click_headers(link: &str) -> [(&'static str, String); 2] {
    [("List-Unsubscribe", format!("<{link}>")), ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned())]
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn key() -> Key {
        Key::new(vec![SecretString::from("k".repeat(40))]).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn ada() -> Recipient {
        Recipient {
            contact: domain::subject::address_hash("ada@example.com"),
            customer: Some(ContactId("4410007701".into())),
            mail: Some("0a1b2c3d4e5f60718293a4b5".into()),
        }
    }

    const BASE: &str = "https://pages.example.com/";
    const DAY: i64 = 86_400;

    #[test]
    fn each_link_opens_its_own_page_and_no_other_for_its_time() {
        let links = [
            (Purpose::Unsubscribe, unsubscribe_link(BASE, &key(), &ada(), at(0)), "unsubscribe", 60),
            (Purpose::Preferences, preferences_link(BASE, &key(), &ada(), at(0)), "preferences", 60),
            (Purpose::Confirm, confirm_link(BASE, &key(), &ada(), at(0)), "subscribe", 7),
        ];
        for (purpose, link, path, days) in &links {
            let token = link.strip_prefix(&format!("{BASE}{path}/")).unwrap();
            assert_eq!(linked_recipient(&key(), *purpose, token, at(days * DAY - 1)), Ok(ada()));
            assert_eq!(linked_recipient(&key(), *purpose, token, at(days * DAY)), Err(LinkError::Expired));
            for (other, ..) in links.iter().filter(|(other, ..)| other != purpose) {
                assert_eq!(linked_recipient(&key(), *other, token, at(1)), Err(LinkError::Forged));
            }
        }
        let order = key().sign(Purpose::Order, "1#2#3", at(DAY));
        assert_eq!(linked_recipient(&key(), Purpose::Unsubscribe, &order, at(1)), Err(LinkError::Forged));
    }

    #[test]
    fn somebody_whom_the_store_does_not_know_has_a_link_too() {
        let guest = Recipient { customer: None, mail: None, ..ada() };
        assert_eq!(Recipient::of(&guest.about()), Some(guest));
        for about in ["", "#7#", "00ff", "00ff#7", "00ff#7#a#b"] {
            assert_eq!(Recipient::of(about), None, "{about}");
        }
    }

    #[test]
    fn a_link_shows_no_address_to_whoever_decodes_it() {
        use base64::Engine;
        let link = unsubscribe_link(BASE, &key(), &ada(), at(0));
        let token = link.rsplit('/').next().unwrap().split('.').next().unwrap();
        let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token).unwrap();
        let payload = String::from_utf8(payload).unwrap();
        assert!(payload.contains("4410007701") && !payload.contains("ada") && !payload.contains('@'), "{payload}");
    }

    /// RFC 8058, 3.1: one HTTPS URI, opaque and hard to forge, in angle brackets (RFC 2369), and the other header word for word. RFC
    /// 5322, 2.1.1: no line longer than 998.
    #[test]
    fn the_headers_conform() {
        let [(name, value), (post_name, post)] = one_click_headers(&unsubscribe_link(BASE, &key(), &ada(), at(0)));
        assert_eq!((name, post_name), ("List-Unsubscribe", "List-Unsubscribe-Post"));
        assert_eq!(post, "List-Unsubscribe=One-Click");
        let uri = value.strip_prefix("<https://").and_then(|rest| rest.strip_suffix('>')).unwrap();
        let unreserved = |b: u8| b.is_ascii_alphanumeric() || b"-._~/:".contains(&b);
        assert!(uri.bytes().all(unreserved), "nothing that a mail program would encode, split or fold: {uri}");
        assert!(!uri.contains("//") && uri.starts_with("pages.example.com/unsubscribe/"), "{uri}");
        assert!(name.len() + 2 + value.len() < 998, "{}", value.len());
    }
}
