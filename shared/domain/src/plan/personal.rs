//! Personalised lines: what the customer uploaded is printed, what they wrote goes along, and nothing is dropped in silence.

use super::catalog::{Otherwise, PrintFile, PropertyRule, Usage};
use super::problem::Problem;
use crate::order::{Line, Property};

/// What the customer's properties add to what is made.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Personal {
    pub files: Vec<PrintFile>,
    pub texts: Vec<Property>,
}

/// Sorts the line's properties by the row's rules. Names that begin with `_` are the shop's own and no wish of the customer's;
/// an empty value is none.
pub(super) fn personal(
    line: &Line,
    rules: &[PropertyRule],
    otherwise: Otherwise,
    upload_hosts: &[String],
) -> Result<Personal, Vec<Problem>> {
    let mut personal = Personal::default();
    let mut problems = Vec::new();
    let name = || line.title.clone();
    let given = |property: &&Property| !property.name.starts_with('_') && !property.value.trim().is_empty();
    for property in line.properties.iter().filter(given) {
        let rule = rules.iter().find(|rule| rule.name.trim().eq_ignore_ascii_case(property.name.trim()));
        match rule.map(|rule| (rule.usage, rule)) {
            Some((Usage::Ignore, _)) => {}
            Some((Usage::Text, _)) => personal.texts.push(property.clone()),
            Some((Usage::File, rule)) => match upload(&property.value, upload_hosts) {
                Some(url) => personal.files.push(PrintFile { placement: rule.placement.clone(), url }),
                None => problems.push(Problem::NotAnUpload { line: name(), property: property.name.clone() }),
            },
            None if otherwise == Otherwise::Ignore => {}
            None => problems.push(Problem::UnknownProperty { line: name(), property: property.name.clone() }),
        }
    }
    for rule in rules.iter().filter(|rule| rule.required) {
        let there = |property: &Property| property.name.trim().eq_ignore_ascii_case(rule.name.trim());
        if !line.properties.iter().filter(given).any(there) {
            problems.push(Problem::PropertyMissing { line: name(), property: rule.name.clone() });
        }
    }
    if problems.is_empty() { Ok(personal) } else { Err(problems) }
}

/// The address of an upload: https, at one of the hosts where the store keeps uploads. Anybody can write any address into a cart, so
/// no other is ever fetched or passed on.
fn upload(value: &str, hosts: &[String]) -> Option<String> {
    let url = value.trim();
    let rest = url.strip_prefix("https://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let plain = !url.chars().any(|c| c.is_whitespace() || c.is_control()) && url.len() <= 2_000;
    (plain && hosts.iter().any(|allowed| allowed.eq_ignore_ascii_case(host))).then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    fn line(properties: &[(&str, &str)]) -> Line {
        let properties =
            properties.iter().map(|(name, value)| Property { name: (*name).into(), value: (*value).into() });
        Line { properties: properties.collect(), ..fixture::line(1, Some(11)).unwrap() }
    }

    fn rule(name: &str, usage: Usage) -> PropertyRule {
        PropertyRule { name: name.into(), usage, placement: "back".into(), required: false }
    }

    fn hosts() -> Vec<String> {
        vec!["uploads.example.com".into()]
    }

    #[test]
    fn pictures_are_printed_words_go_along_and_the_shops_own_names_are_nobodys_wish() {
        let rules = [rule("Your photo", Usage::File), rule("Engraving", Usage::Text), rule("Gift wrap", Usage::Ignore)];
        let line = line(&[
            ("your photo ", " https://uploads.example.com/a.png?v=1"),
            ("Engraving", "For Ada"),
            ("Gift wrap", "yes"),
            ("_bundle", "7"),
            ("Note", "  "),
        ]);
        let found = personal(&line, &rules, Otherwise::Refuse, &hosts()).unwrap();
        let file = PrintFile { placement: "back".into(), url: "https://uploads.example.com/a.png?v=1".into() };
        assert_eq!(found.files, [file]);
        assert_eq!(found.texts, [Property { name: "Engraving".into(), value: "For Ada".into() }]);
    }

    #[test]
    fn what_nobody_mapped_is_refused_by_name_unless_the_row_ignores_it() {
        let line = line(&[("Engraving", "For Ada")]);
        let refused = personal(&line, &[], Otherwise::Refuse, &hosts()).unwrap_err();
        assert_eq!(refused, [Problem::UnknownProperty { line: "Line 1".into(), property: "Engraving".into() }]);
        assert_eq!(personal(&line, &[], Otherwise::Ignore, &hosts()), Ok(Personal::default()));
    }

    #[test]
    fn only_the_stores_uploads_are_pictures() {
        let rules = [rule("Photo", Usage::File)];
        for value in [
            "http://uploads.example.com/a.png",
            "https://uploads.example.com.evil.example/a.png",
            "https://evil.example/https://uploads.example.com/a.png",
            "https://user@uploads.example.com/a.png",
            "https://169.254.169.254/latest",
            "my photo",
        ] {
            let refused = personal(&line(&[("Photo", value)]), &rules, Otherwise::Refuse, &hosts());
            assert!(matches!(&refused.unwrap_err()[..], [Problem::NotAnUpload { .. }]), "{value}");
        }
    }

    #[test]
    fn what_the_line_needs_and_lacks_is_named() {
        let rules = [PropertyRule { required: true, ..rule("Photo", Usage::File) }];
        let refused = personal(&line(&[]), &rules, Otherwise::Refuse, &hosts()).unwrap_err();
        assert_eq!(refused, [Problem::PropertyMissing { line: "Line 1".into(), property: "Photo".into() }]);
    }
}
