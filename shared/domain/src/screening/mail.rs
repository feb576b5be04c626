//! Mail addresses that live for minutes.
//!
//! The list is open data (`NOTICE.md`). An alias that forwards to a real box is not on it: it hides an address, not a person.

use std::cmp::Ordering;

use super::{Reason, Rules};
use crate::order::Order;

/// One domain a line, sorted; lines that begin with `#` are about the list.
const LIST: &str = include_str!("disposable.txt");

pub(crate) fn disposable(order: &Order, rules: &Rules) -> Option<Reason> {
    let email = order.email.as_deref()?.trim().to_lowercase();
    let domain = email.rsplit_once('@')?.1.trim_end_matches('.').to_owned();
    let parents: Vec<&str> = parents(&domain).collect();
    let named = |list: &[String]| list.iter().any(|one| parents.contains(&one.trim().to_lowercase().as_str()));
    if named(&rules.trusted_domains) {
        return None;
    }
    let listed = named(&rules.disposable_domains) || parents.iter().any(|domain| on_list(domain));
    listed.then(|| Reason::DisposableMail { domain: shown(&domain) })
}

/// Looks in the middle of the lines that are left, until none are.
fn on_list(domain: &str) -> bool {
    let (mut from, mut to) = (0, LIST.len());
    while from < to {
        let middle = from + (to - from) / 2;
        let start = LIST[from..middle].rfind('\n').map_or(from, |n| from + n + 1);
        let end = LIST[middle..to].find('\n').map_or(to, |n| middle + n);
        match LIST[start..end].cmp(domain) {
            Ordering::Equal => return true,
            Ordering::Less => from = end + 1,
            Ordering::Greater => to = start,
        }
    }
    false
}

/// The domain and every domain above it that still has a point: `a.b.example.com`, `b.example.com`, `example.com`.
fn parents(domain: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(domain), |domain| domain.split_once('.').map(|(_, parent)| parent))
        .filter(|domain| domain.contains('.'))
}

/// A domain has no other letters, and is never longer; whatever else stands there is not shown.
fn shown(domain: &str) -> String {
    domain.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn reason(email: &str, rules: &Rules) -> Option<String> {
        let order = Order { email: Some(email.into()), ..fixture::order().unwrap() };
        disposable(&order, rules).map(|reason| reason.to_string())
    }

    #[test]
    fn a_throw_away_box_under_any_name_and_not_an_alias() {
        let rules = Rules::default();
        let words = reason("x@Mailinator.com", &rules).unwrap();
        insta::assert_snapshot!(words, @"The mail address is a throw-away one (mailinator.com).");
        assert!(reason("x@a.b.mailinator.com", &rules).is_some());
        for fine in [
            "x@mailinator.example.com",
            "x@mailinator.com.example.com",
            "x@example.com",
            "x@gmail.com",
            "nobody",
            "x@com",
        ] {
            assert_eq!(reason(fine, &rules), None, "{fine}");
        }
        for alias in ["x@privaterelay.appleid.com", "x@duck.com", "x@mozmail.com", "x@simplelogin.com"] {
            assert_eq!(reason(alias, &rules), None, "{alias}");
        }
    }

    #[test]
    fn the_owner_adds_and_takes_away() {
        let rules = Rules { disposable_domains: vec!["Example.org".into()], ..Rules::default() };
        assert!(reason("x@shop.example.org", &rules).is_some());
        let rules = Rules { trusted_domains: vec!["mailinator.com".into()], ..Rules::default() };
        assert_eq!(reason("x@mailinator.com", &rules), None);
    }

    #[test]
    fn the_list_is_whole_and_plain() {
        let domains: Vec<&str> = LIST.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(domains.len() > 3_000, "{}", domains.len());
        assert!(LIST.is_ascii() && LIST.lines().is_sorted());
        for domain in domains {
            assert!(on_list(domain) && !on_list(&format!("{domain}x")) && !on_list(&domain[1..].replace('.', "0")));
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-' | '_');
            assert!(domain.contains('.') && domain.chars().all(plain), "{domain:?}");
        }
    }
}
