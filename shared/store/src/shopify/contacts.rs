//! People and their consent to marketing mail.

use domain::Timestamp;
use domain::contact::{Consent, Contact, ContactId};
use domain::provider::Trouble;
use serde::Deserialize;
use serde_json::{Value, json};

use super::graphql::Graphql;
use super::order::broken;
use super::wire::{Named, UserError, refused};
use super::{documents, number_of};

#[derive(Deserialize)]
struct ById {
    customer: Option<Person>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ByMail {
    customer_by_identifier: Option<Person>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Person {
    id: String,
    first_name: Option<String>,
    locale: Option<String>,
    /// A whole number, as text.
    number_of_orders: String,
    default_email_address: Option<EmailAddress>,
    default_address: Option<Country>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EmailAddress {
    email_address: String,
    marketing_state: String,
    marketing_updated_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Country {
    country_code_v2: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SetAnswer {
    customer_email_marketing_consent_update: Option<Written>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AddAnswer {
    customer_create: Option<Written>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    customer: Option<Named>,
    user_errors: Vec<UserError>,
}

/// The global id of a customer; `None`: it is no number, so nobody's.
pub(super) fn gid(id: &ContactId) -> Option<String> {
    let is_number = !id.0.is_empty() && id.0.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("gid://shopify/Customer/{id}"))
}

/// `None`: the store does not know them.
pub(super) async fn contact(graphql: &Graphql, id: &ContactId) -> Result<Option<Contact>, Trouble> {
    let Some(gid) = gid(id) else { return Ok(None) };
    let asked = graphql.ask(documents::CONTACT, json!({ "id": gid })).await;
    let answer: ById = asked.map_err(Trouble::nothing_sent)?;
    answer.customer.map(translate).transpose()
}

/// The same by mail address; Shopify compares without regard to case.
pub(super) async fn by_mail(graphql: &Graphql, mail: &str) -> Result<Option<Contact>, Trouble> {
    let asked = graphql.ask(documents::CONTACT_BY_MAIL, json!({ "mail": mail.trim() })).await;
    let answer: ByMail = asked.map_err(Trouble::nothing_sent)?;
    answer.customer_by_identifier.map(translate).transpose()
}

fn translate(person: Person) -> Result<Contact, Trouble> {
    let text = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let mail = person.default_email_address;
    let updated = mail.as_ref().and_then(|mail| mail.marketing_updated_at.as_deref());
    Ok(Contact {
        id: ContactId(number_of(&person.id)),
        consent: mail.as_ref().map_or(Consent::NotSubscribed, |mail| Consent::of_word(&mail.marketing_state)),
        consent_at: updated.map(str::parse).transpose().map_err(broken)?,
        email: text(mail.map(|mail| mail.email_address)),
        first_name: text(person.first_name),
        language: text(person.locale),
        country: person.default_address.and_then(|address| text(address.country_code_v2)),
        orders: person.number_of_orders.parse().map_err(broken)?,
    })
}

/// Writes what somebody said, unless the store has heard something newer.
pub(super) async fn set_consent(
    graphql: &Graphql,
    id: &ContactId,
    consent: Consent,
    at: Timestamp,
) -> Result<(), Trouble> {
    let (Some(contact), Some(gid)) = (contact(graphql, id).await?, gid(id)) else {
        return Err(Trouble::Refused { why: "the store does not know this customer (any more)".to_owned() });
    };
    let is_newer = contact.consent_at.is_some_and(|told| told > at);
    if is_newer || (contact.consent == consent && contact.consent_at == Some(at)) {
        return Ok(());
    }
    let input = consent_input(consent, contact.consent, at)?;
    let variables = json!({ "input": { "customerId": gid, "emailMarketingConsent": input } });
    let answer: SetAnswer = graphql.ask(documents::SET_CONSENT, variables).await?;
    let Some(written) = answer.customer_email_marketing_consent_update else { return Err(no_result()) };
    if written.user_errors.is_empty() { Ok(()) } else { Err(refused(&written.user_errors)) }
}

/// `CustomerEmailMarketingConsentInput`. Shopify takes three states; a yes after a pending one is a confirmed yes (double opt-in).
/// <https://shopify.dev/docs/api/admin-graphql/2026-10/input-objects/CustomerEmailMarketingConsentInput>
fn consent_input(consent: Consent, before: Consent, at: Timestamp) -> Result<Value, Trouble> {
    let (state, level) = match consent {
        Consent::Subscribed if before == Consent::Pending => ("SUBSCRIBED", Some("CONFIRMED_OPT_IN")),
        Consent::Subscribed => ("SUBSCRIBED", Some("SINGLE_OPT_IN")),
        Consent::Pending => ("PENDING", Some("CONFIRMED_OPT_IN")),
        Consent::Unsubscribed => ("UNSUBSCRIBED", None),
        Consent::NotSubscribed | Consent::Unknown => {
            return Err(Trouble::Refused { why: format!("{} is nothing that anybody says", consent.as_str()) });
        }
    };
    let mut input = json!({ "marketingState": state, "consentUpdatedAt": at });
    if let Some(level) = level {
        input["marketingOptInLevel"] = json!(level);
    }
    Ok(input)
}

/// Shopify refuses a second customer with the same address, so a lost answer leaves no two.
pub(super) async fn add(
    graphql: &Graphql,
    mail: &str,
    consent: Consent,
    language: Option<&str>,
    at: Timestamp,
) -> Result<ContactId, Trouble> {
    if let Some(known) = by_mail(graphql, mail).await? {
        return Ok(known.id);
    }
    let mut input = json!({
        "email": mail.trim(),
        "emailMarketingConsent": consent_input(consent, Consent::NotSubscribed, at)?,
    });
    if let Some(language) = language {
        input["locale"] = json!(language);
    }
    let answer: AddAnswer = graphql.ask(documents::ADD_CONTACT, json!({ "input": input })).await?;
    let Some(written) = answer.customer_create else { return Err(no_result()) };
    match written.customer {
        Some(customer) if written.user_errors.is_empty() => Ok(ContactId(number_of(&customer.id))),
        // Somebody else was quicker: the same form, sent twice.
        _ => match by_mail(graphql, mail).await? {
            Some(known) => Ok(known.id),
            None => Err(refused(&written.user_errors)),
        },
    }
}

fn no_result() -> Trouble {
    Trouble::NoAnswer { why: "it answered without a result".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_after_a_pending_one_is_a_confirmed_yes() {
        let at = "2026-11-22T02:13:00Z".parse().unwrap();
        let level = |consent, before| consent_input(consent, before, at).unwrap()["marketingOptInLevel"].clone();
        assert_eq!(level(Consent::Subscribed, Consent::Pending), "CONFIRMED_OPT_IN");
        assert_eq!(level(Consent::Subscribed, Consent::Unsubscribed), "SINGLE_OPT_IN");
        assert_eq!(level(Consent::Unsubscribed, Consent::Subscribed), Value::Null);
        assert_eq!(
            consent_input(Consent::Unsubscribed, Consent::Unknown, at).unwrap(),
            json!({ "marketingState": "UNSUBSCRIBED", "consentUpdatedAt": "2026-11-22T02:13:00Z" })
        );
        for consent in [Consent::NotSubscribed, Consent::Unknown] {
            assert!(matches!(consent_input(consent, Consent::Subscribed, at), Err(Trouble::Refused { .. })));
        }
    }

    #[test]
    fn only_a_number_is_a_customer_of_shopifys() {
        assert_eq!(gid(&ContactId("4410007701".into())).as_deref(), Some("gid://shopify/Customer/4410007701"));
        for id in ["", "7/../Order/7", "c-1001"] {
            assert_eq!(gid(&ContactId(id.into())), None, "{id}");
        }
    }
}
