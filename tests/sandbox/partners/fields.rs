//! Reading a request body field by field, for providers whose description is prose: each method says in a sentence
//! which field is wrong and how.

use serde_json::{Map, Value};

/// What is wrong with a body, naming the field: `address_to.city is missing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong(pub String);

/// One JSON object of a request, with its place in the body.
pub(crate) struct Fields<'a> {
    place: String,
    object: &'a Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The body itself.
    pub fn of_body(body: &'a Value) -> Result<Self, Wrong> {
        let object = body.as_object().ok_or_else(|| Wrong("the body must be an object".to_owned()))?;
        Ok(Self { place: String::new(), object })
    }

    /// The object in `name`, which must be there.
    pub fn object(&self, name: &str) -> Result<Fields<'a>, Wrong> {
        self.maybe_object(name)?.ok_or_else(|| self.missing(name))
    }

    pub fn maybe_object(&self, name: &str) -> Result<Option<Fields<'a>>, Wrong> {
        match self.object.get(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(Fields { place: self.at(name), object })),
            Some(_) => Err(self.wrong(name, "must be an object")),
        }
    }

    /// The objects of the list in `name`: at least one.
    pub fn objects(&self, name: &str) -> Result<Vec<Fields<'a>>, Wrong> {
        let list = self.list(name)?.ok_or_else(|| self.missing(name))?;
        if list.is_empty() {
            return Err(self.wrong(name, "must not be empty"));
        }
        let entries = list.iter().enumerate().map(|(index, entry)| {
            let place = format!("{}.{index}", self.at(name));
            let object = entry.as_object().ok_or_else(|| Wrong(format!("{place} must be an object")))?;
            Ok(Fields { place, object })
        });
        entries.collect()
    }

    pub fn list(&self, name: &str) -> Result<Option<&'a [Value]>, Wrong> {
        match self.object.get(name) {
            None => Ok(None),
            Some(Value::Array(list)) => Ok(Some(list)),
            Some(_) => Err(self.wrong(name, "must be a list")),
        }
    }

    /// The texts of the list in `name`.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<&'a str>>, Wrong> {
        let Some(list) = self.list(name)? else { return Ok(None) };
        let texts = list.iter().map(|entry| entry.as_str().ok_or_else(|| self.wrong(name, "must be a list of texts")));
        texts.collect::<Result<_, _>>().map(Some)
    }

    /// Text that must be there and say something.
    pub fn text(&self, name: &str) -> Result<&'a str, Wrong> {
        match self.maybe_text(name)? {
            Some(text) if !text.trim().is_empty() => Ok(text),
            _ => Err(self.missing(name)),
        }
    }

    pub fn maybe_text(&self, name: &str) -> Result<Option<&'a str>, Wrong> {
        match self.object.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "must be a text")),
        }
    }

    /// Text, null or nothing.
    pub fn nullable_text(&self, name: &str) -> Result<Option<&'a str>, Wrong> {
        if self.object.get(name).is_some_and(Value::is_null) { Ok(None) } else { self.maybe_text(name) }
    }

    /// Optional text of at most `most` characters.
    pub fn short_text(&self, name: &str, most: usize) -> Result<Option<&'a str>, Wrong> {
        let text = self.maybe_text(name)?;
        if text.is_some_and(|text| text.chars().count() > most) {
            return Err(self.wrong(name, &format!("must have at most {most} characters")));
        }
        Ok(text)
    }

    /// A whole number within `range`, which must be there.
    pub fn whole(&self, name: &str, range: std::ops::RangeInclusive<u64>) -> Result<u64, Wrong> {
        let value = self.object.get(name).ok_or_else(|| self.missing(name))?;
        let number = value.as_u64().filter(|number| range.contains(number));
        number.ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            let limit = if *most == u64::MAX { format!("of at least {least}") } else { format!("{least} to {most}") };
            self.wrong(name, &format!("must be a whole number {limit}"))
        })
    }

    /// The same, null or nothing.
    pub fn nullable_whole(&self, name: &str, range: std::ops::RangeInclusive<u64>) -> Result<Option<u64>, Wrong> {
        if self.object.get(name).is_none_or(Value::is_null) { Ok(None) } else { self.whole(name, range).map(Some) }
    }

    /// A boolean, null or nothing.
    pub fn nullable_flag(&self, name: &str) -> Result<Option<bool>, Wrong> {
        match self.object.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.wrong(name, "must be true or false")),
        }
    }

    /// An address of a file that a provider can fetch.
    pub fn url(&self, name: &str) -> Result<&'a str, Wrong> {
        let url = self.text(name)?;
        if is_url(url) { Ok(url) } else { Err(self.wrong(name, "must be a URL with http or https")) }
    }

    /// Refuses what the description does not know: a misspelt field would be ignored, and the order made without it.
    pub fn only(&self, known: &[&str]) -> Result<(), Wrong> {
        match self.object.keys().find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(self.wrong(name, "is no field of this request")),
            None => Ok(()),
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    pub fn value(&self) -> Value {
        Value::Object(self.object.clone())
    }

    pub fn raw(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name)
    }

    pub fn wrong(&self, name: &str, why: &str) -> Wrong {
        Wrong(format!("{} {why}", self.at(name)))
    }

    fn missing(&self, name: &str) -> Wrong {
        self.wrong(name, "is missing")
    }

    fn at(&self, name: &str) -> String {
        if self.place.is_empty() { name.to_owned() } else { format!("{}.{name}", self.place) }
    }
}

pub(crate) fn is_url(text: &str) -> bool {
    ["https://", "http://"].iter().any(|scheme| text.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
}

pub(crate) fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !text.contains(' '))
}
