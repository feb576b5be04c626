//! The layer over the ledger in memory, with a clock that is set, a mailbox that can be out of order, and queues of paper.

mod alarms;
mod canary;
mod carriers;
mod dead_letters;
mod digest;
mod events;
mod incoming;
mod lagging;
mod letters;
mod life;
mod operator;
mod quiet;
mod redrive;
mod silence;
mod slow;
mod stream;
mod stumbles;
mod support;
mod tell;
mod together;
mod watchdog;
mod watermark;
