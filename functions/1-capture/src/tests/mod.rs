//! The layer's part at its queue, over a table and a store in memory: every order of events, every moment of a crash, every answer.

mod crashes;
mod decisions;
mod holds;
mod orderings;
mod payments;
mod screening;
mod support;
