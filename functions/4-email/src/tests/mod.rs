//! The layer over a ledger in memory, with a store and a mailer that behave as they are told.

mod doubt;
mod fakes;
mod flow;
mod flows;
mod letters;
mod notices;
mod orders;
mod sending;
