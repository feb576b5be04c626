//! The layer over the ledger in memory, with a clock that is set, a mailbox that can be out of order, and queues of paper.

mod alarms;
mod carriers;
mod dead_letters;
mod events;
mod incoming;
mod lagging;
mod letters;
mod operator;
mod quiet;
mod silence;
mod support;
mod tell;
mod watchdog;
mod watermark;
