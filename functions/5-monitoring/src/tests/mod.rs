//! The layer over the ledger in memory, with a clock that is set, a mailbox that can be out of order, and queues of paper.

mod alarms;
mod dead_letters;
mod events;
mod incoming;
mod letters;
mod operator;
mod silence;
mod support;
mod tell;
mod watchdog;
