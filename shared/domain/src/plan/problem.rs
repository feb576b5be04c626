//! Why a line or an order cannot be routed: what exactly, and where it is put right.

use std::fmt;

use crate::address::Flaw;

/// One thing to put right before the order can go to its partner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    NoAddress,
    /// The address is not one that a parcel finds.
    Address(Flaw),
    /// The owner, or the partner that makes the line, does not send there.
    NotServed {
        country: String,
        by: Option<String>,
    },
    /// The line has neither variant nor SKU: a custom line, or a deleted product.
    NoVariant {
        line: String,
    },
    Unmapped {
        line: String,
        /// The store's number, where the store has numbers.
        variant: Option<u64>,
        sku: Option<String>,
    },
    /// The catalog row does not say which of the partner's variants it is.
    NoPartnerVariant {
        line: String,
    },
    /// The partner has no such variant.
    UnknownAtPartner {
        line: String,
        partner: String,
        variant_id: String,
    },
    /// The partner cannot make it now, or never again.
    NotAvailable {
        line: String,
        partner: String,
        variant_id: String,
        discontinued: bool,
    },
    /// The catalog row has nothing to print.
    NoPrintFile {
        line: String,
    },
    /// What is at the file's address cannot be printed.
    BadFile {
        line: String,
        url: String,
        why: String,
    },
    /// More pieces than anybody is expected to order.
    TooMany {
        line: String,
        quantity: u32,
        largest: u32,
    },
    /// The customer wrote something that the catalog does not know what to do with.
    UnknownProperty {
        line: String,
        property: String,
    },
    /// The customer did not give what the line needs.
    PropertyMissing {
        line: String,
        property: String,
    },
    /// A picture was expected, and its value is no address of the store's uploads.
    NotAnUpload {
        line: String,
        property: String,
    },
    /// The partner takes no words of the customer's.
    TextNotTaken {
        line: String,
        property: String,
        partner: String,
    },
}

/// What is wrong, in the owner's words: one sentence.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => f.write_str("The order has no shipping address."),
            Self::Address(Flaw::Missing { country, fields }) => {
                write!(f, "The shipping address (to {country}) lacks: {}.", fields.join(", "))
            }
            Self::Address(Flaw::PostalCode { country, name, example }) => {
                write!(f, "The shipping address has a {name} that is none of {country}'s")?;
                if example.is_empty() { f.write_str(".") } else { write!(f, " (they look like {example}).") }
            }
            Self::Address(Flaw::Country { country }) => {
                write!(f, "The shipping address has a country nobody knows: \"{country}\".")
            }
            Self::NotServed { country, by: None } => {
                write!(f, "The order goes to {country}, which is not among the countries you send to.")
            }
            Self::NotServed { country, by: Some(partner) } => {
                write!(f, "The order goes to {country}, where {partner} does not deliver what it is to make.")
            }
            Self::NoVariant { line } => {
                write!(f, "The line \"{line}\" has no product variant, so nobody knows how to make it.")
            }
            Self::Unmapped { line, variant: Some(variant), .. } => {
                write!(f, "The line \"{line}\" (variant {variant}) is not in the catalog.")
            }
            Self::Unmapped { line, variant: None, sku } => {
                let sku = sku.as_deref().unwrap_or("none");
                write!(f, "The line \"{line}\" (SKU {sku}) is not in the catalog.")
            }
            Self::NoPartnerVariant { line } => {
                write!(f, "The catalog does not say which of the partner's variants the line \"{line}\" is.")
            }
            Self::UnknownAtPartner { line, partner, variant_id } => {
                write!(f, "{partner} has no variant {variant_id}, of which the line \"{line}\" is to be made.")
            }
            Self::NotAvailable { line, partner, variant_id, discontinued: true } => {
                write!(f, "{partner} no longer makes variant {variant_id}, which the line \"{line}\" is.")
            }
            Self::NotAvailable { line, partner, variant_id, discontinued: false } => {
                write!(f, "{partner} has run out of variant {variant_id}, which the line \"{line}\" is.")
            }
            Self::NoPrintFile { line } => write!(f, "The catalog has no print file for the line \"{line}\"."),
            Self::BadFile { line, url, why } => {
                write!(f, "The print file of the line \"{line}\" cannot be used: {url} {why}.")
            }
            Self::TooMany { line, quantity, largest } => {
                write!(f, "The line \"{line}\" is for {quantity} pieces; more than {largest} are not ordered unseen.")
            }
            Self::UnknownProperty { line, property } => {
                write!(
                    f,
                    "The customer gave \"{property}\" for the line \"{line}\", and the catalog does not say what to do with it."
                )
            }
            Self::PropertyMissing { line, property } => {
                write!(
                    f,
                    "The line \"{line}\" cannot be made without \"{property}\", and the customer did not give it."
                )
            }
            Self::NotAnUpload { line, property } => {
                write!(
                    f,
                    "\"{property}\" of the line \"{line}\" should be an uploaded picture, and is no address of one."
                )
            }
            Self::TextNotTaken { line, property, partner } => {
                write!(f, "{partner} takes no words such as \"{property}\" of the line \"{line}\".")
            }
        }
    }
}

impl Problem {
    /// Where it is put right.
    #[must_use]
    pub fn step(&self) -> &'static str {
        match self {
            Self::NoAddress => "Enter the shipping address in the store.",
            Self::Address(_) => "Ask the customer, and correct the shipping address in the store.",
            Self::NotServed { by: None, .. } => {
                "Add the country to routing.countries in store.toml and deploy, or cancel the order in the store."
            }
            Self::NotServed { .. } => {
                "Give these lines to another partner in the catalog, or cancel the order in the store."
            }
            Self::NoVariant { .. } => {
                "Make this line by hand, or replace it in the store by a product from the catalog."
            }
            Self::Unmapped { .. } => "Add the variant to the catalog in store.toml and deploy.",
            Self::NoPartnerVariant { .. } => "Add variant_id to the variant's row in store.toml and deploy.",
            Self::UnknownAtPartner { .. } => {
                "Correct variant_id in the variant's row in store.toml and deploy; `make catalog` proposes one."
            }
            Self::NotAvailable { discontinued: true, .. } => {
                "Give the row another variant or partner in store.toml and deploy, or agree with the customer on something else."
            }
            Self::NotAvailable { .. } => {
                "Wait until the partner has it again, or give the row another variant or partner in store.toml and deploy."
            }
            Self::NoPrintFile { .. } => "Add the print file to the variant's row in store.toml and deploy.",
            Self::BadFile { .. } => {
                "Put a printable file (PNG, JPEG, PDF, SVG, TIFF, EPS) at that address, or correct it in store.toml and deploy."
            }
            Self::TooMany { .. } => {
                "If it is meant: raise routing.largest_quantity in store.toml and deploy. If not: cancel the order in the store."
            }
            Self::UnknownProperty { .. } => {
                "Say what to do with it (properties, or other_properties = \"ignore\") in the variant's row in store.toml and deploy, or make this line by hand."
            }
            Self::PropertyMissing { .. } => "Ask the customer for it, and make this line by hand.",
            Self::NotAnUpload { .. } => {
                "Ask the customer for the picture and make this line by hand, or add its host to routing.upload_hosts in store.toml."
            }
            Self::TextNotTaken { .. } => {
                "Map it as a file, give the line to a partner that takes words, or make it by hand; deploy after changing store.toml."
            }
        }
    }
}
