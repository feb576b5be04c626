//! The HTML part: a content in one of the layouts that `build.rs` compiles from `templates/*.mjml`.
//!
//! There are two. The one for mails about an order has no place for marketing; a flow's mail cannot be written without its way out.

use askama::Template;
use brand::Brand;

use super::content::{Block, Content, Foot, WayOut};

include!(concat!(env!("OUT_DIR"), "/layouts.rs"));

/// A mail about an order.
pub fn transactional(mail: &Content, brand: &Brand, foot: &Foot) -> Result<String, askama::Error> {
    Transactional { mail, brand, foot }.render()
}

/// A mail of a flow.
pub fn marketing(mail: &Content, brand: &Brand, foot: &Foot, way_out: &WayOut) -> Result<String, askama::Error> {
    Marketing { mail, brand, foot, way_out }.render()
}
