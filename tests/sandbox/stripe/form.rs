//! Stripe's form encoding: `line_items[0][price_data][currency]=usd` in a body or a query.

use std::collections::BTreeMap;

use super::answer::Refusal;

/// What a form says, before anybody knows which types it should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Node {
    Text(String),
    /// An object by field name, or an array by index.
    Fields(BTreeMap<String, Node>),
}

impl Node {
    pub(crate) fn empty() -> Self {
        Self::Fields(BTreeMap::new())
    }
}

/// Reads `name=value` pairs with bracketed names. An error names the parameter whose brackets do not fit.
pub(crate) fn decode(text: &str) -> Result<Node, Refusal> {
    let broken = || Refusal::bad("The form could not be read.");
    let url = reqwest::Url::parse(&format!("http://form.example.com/?{text}")).map_err(|_| broken())?;
    let mut root = Node::empty();
    for (name, value) in url.query_pairs() {
        let path =
            segments(&name).ok_or_else(|| Refusal::param("parameter_unknown", &name, "Invalid parameter name"))?;
        put(&mut root, &path, value.into_owned())
            .map_err(|()| Refusal::param("parameter_unknown", &name, "It is given as a value and as an object"))?;
    }
    Ok(root)
}

fn segments(name: &str) -> Option<Vec<&str>> {
    let (first, mut rest) = name.split_at(name.find('[').unwrap_or(name.len()));
    let mut path = vec![first];
    while !rest.is_empty() {
        let inner = rest.strip_prefix('[')?;
        let end = inner.find(']')?;
        path.push(inner.get(..end)?);
        rest = inner.get(end + 1..)?;
    }
    (!first.is_empty()).then_some(path)
}

fn put(node: &mut Node, path: &[&str], value: String) -> Result<(), ()> {
    let Node::Fields(fields) = node else { return Err(()) };
    let Some((first, rest)) = path.split_first() else { return Err(()) };
    // `expand[]=…`: the next place of an array.
    let key = if first.is_empty() { fields.len().to_string() } else { (*first).to_owned() };
    if rest.is_empty() {
        return match fields.insert(key, Node::Text(value)) {
            None => Ok(()),
            Some(_) => Err(()),
        };
    }
    put(fields.entry(key).or_insert_with(Node::empty), rest, value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_make_objects_and_arrays() {
        let node = decode("a%5B0%5D%5Bb%5D=1&a[1][b]=2&expand[]=x&expand[]=y+z&c=").unwrap();
        let text = |text: &str| Node::Text(text.to_owned());
        let fields = |pairs: Vec<(&str, Node)>| {
            Node::Fields(pairs.into_iter().map(|(key, node)| (key.to_owned(), node)).collect())
        };
        let wanted = fields(vec![
            ("a", fields(vec![("0", fields(vec![("b", text("1"))])), ("1", fields(vec![("b", text("2"))]))])),
            ("expand", fields(vec![("0", text("x")), ("1", text("y z"))])),
            ("c", text("")),
        ]);
        assert_eq!(node, wanted);
        for bad in ["a[b=1", "[a]=1", "a=1&a[b]=2", "a[b]=1&a=2", "a=1&a=2"] {
            assert!(decode(bad).is_err(), "{bad}");
        }
    }
}
