//! The customer's page on the deployed storefront, behind the link of a mail that was really sent.

use reqwest::Method;

use super::decisions::page;
use super::{fresh_id, named, stack};

#[tokio::test]
async fn the_link_in_a_mail_opens_the_page_and_one_that_was_changed_does_not() {
    let Some(stack) = stack().await else { return };
    let id = fresh_id(90);
    stack.order(&named(id), 1).await;
    let name = named(id)["name"].as_str().unwrap().to_owned();
    let url = stack.link(&name, &format!("{}orders/", stack.fact("storefront_url"))).await;
    stack.delivered(id, 60).await;
    let (status, body) = page(Method::GET, &url, "").await;
    assert_eq!(status, 200, "{body}");
    for word in [name.as_str(), "Delivered", "<main", "lang=\"en\""] {
        assert!(body.contains(word), "{word} is not in {body}");
    }
    let (rest, signature) = url.rsplit_once('.').unwrap();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    let forged = format!("{rest}.{other}{}", &signature[1..]);
    let (status, body) = page(Method::GET, &forged, "").await;
    assert_eq!(status, 404, "{body}");
    assert!(!body.contains(&name), "{body}");
    stack.assert_all_once(id).await;
}
