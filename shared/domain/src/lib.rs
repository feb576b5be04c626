//! Baton's words and decisions.
//!
//! Everything here is data and pure functions: no AWS, no HTTP, no async, no clock and no random source of its own.
//! The vocabulary is the design's: an order is the **baton**; what happened is an [`event`], what we did to the outside
//! world is an [`effect`], who owes what by when is a [`handoff`], and a hand-off that cannot complete is an
//! [`exception`] the owner hears about by name.
//!
//! | module | question it answers |
//! |---|---|
//! | [`money`] | how much, exactly |
//! | [`address`] | does an address have all that its country needs |
//! | [`subject`] | about which order, contact or store |
//! | [`event`] | what happened, and what makes it one and the same fact |
//! | [`external_id`] | how a partner knows our order |
//! | [`facts`] | which facts does an order as the store has it imply |
//! | [`flow`] | which marketing mail is due when, and whether it should still go out |
//! | [`handoff`] | which event goes to which layer, and what it owes by when |
//! | [`deadlines`] | when is a hand-off late, for whom |
//! | [`health`] | do payments fail more than they should? |
//! | [`effect`] | what we did, and in which of four states it is |
//! | [`exception`] | what the owner must know, in the owner's words |
//! | [`order`] | the order as the store has it now |
//! | [`decision`] | what a person decided, as a type that code cannot make up |
//! | [`verdict`] | may this order be made? |
//! | [`screening`] | what speaks against it, in words |
//! | [`plan`] | who makes which line, from which files |
//! | [`parcel`] | which parcel is this, and which store lines are in it |
//! | [`contact`] | who we write to, what they consented to, and whether they bought |
//! | [`mails`] | which mails does the customer get because of this event |
//! | [`provider`] | what a provider's no, silence or "later" means for what happens next |
//! | [`quiet`] | which parcel is a word about, and has a whole carrier gone quiet |
//! | [`watch`] | what the watchdog does about something that is due |

pub mod address;
pub mod contact;
pub mod deadlines;
pub mod decision;
pub mod effect;
pub mod event;
pub mod exception;
pub mod external_id;
pub mod facts;
#[cfg(any(test, feature = "fixture"))]
pub mod fixture;
pub mod flow;
pub mod handoff;
pub mod health;
pub mod mails;
pub mod money;
pub mod order;
pub mod parcel;
pub mod plan;
pub mod provider;
pub mod quiet;
pub mod screening;
pub mod subject;
pub mod verdict;
pub mod watch;

pub use jiff::Timestamp;
