//! How the layers reach the table, the queues and the mail: directly, or as calls of AWS's own clients.

use std::sync::Arc;

use domain::handoff::Layer;
use domain::provider::Trouble;
use jiff::SignedDuration;
use lambda::queue::QueueError;
use lambda::{Key, Queue, Sqs};
use ledger::{Due, Dynamo, Memory, Place, Row, Table, TableError};
use mailer::{Account, Letter, NotSent, ReadAccount, SendMail, Ses};

use super::{Post, SimQueue};

#[derive(Clone)]
pub enum Way<P, A> {
    Direct(P),
    /// Through the client that the deployed functions use.
    Called(A),
}

pub type TableWay = Way<Arc<Memory>, Dynamo>;
pub type QueueWay = Way<SimQueue, Sqs>;
pub type MailWay = Way<Post, Ses>;

/// The same call either way. Boxed where it is AWS's: its nesting alone is near the compiler's depth limit.
macro_rules! either {
    ($way:expr, $port:ident => $call:expr) => {
        match $way {
            Way::Direct($port) => $call.await,
            Way::Called($port) => Box::pin($call).await,
        }
    };
}

impl Table for TableWay {
    async fn get(&self, pk: &str, sk: &str) -> Result<Option<Row>, TableError> {
        either!(self, table => table.get(pk, sk))
    }

    async fn glance(&self, pk: &str, sk: &str) -> Result<Option<Row>, TableError> {
        either!(self, table => table.glance(pk, sk))
    }

    async fn glance_over(&self, pk: &str, prefix: &str) -> Result<Vec<Row>, TableError> {
        either!(self, table => table.glance_over(pk, prefix))
    }

    async fn get_many(&self, keys: &[(String, String)]) -> Result<Vec<Row>, TableError> {
        either!(self, table => table.get_many(keys))
    }

    async fn put_new(&self, row: &Row) -> Result<Option<Row>, TableError> {
        either!(self, table => table.put_new(row))
    }

    async fn replace(&self, row: &Row, before: u64) -> Result<bool, TableError> {
        either!(self, table => table.replace(row, before))
    }

    async fn delete(&self, pk: &str, sk: &str) -> Result<(), TableError> {
        either!(self, table => table.delete(pk, sk))
    }

    async fn partition(&self, pk: &str, prefix: &str) -> Result<Vec<Row>, TableError> {
        either!(self, table => table.partition(pk, prefix))
    }

    async fn due(
        &self,
        shard: &str,
        from: i64,
        after: Option<&Due>,
        to: i64,
        limit: u16,
    ) -> Result<Vec<Due>, TableError> {
        either!(self, table => table.due(shard, from, after, to, limit))
    }

    async fn open(&self) -> Result<Vec<Row>, TableError> {
        either!(self, table => table.open())
    }

    async fn bodies(&self, after: Option<Place>) -> Result<(Vec<Row>, Option<Place>), TableError> {
        either!(self, table => table.bodies(after))
    }
}

impl Queue for QueueWay {
    async fn send(&self, layer: Layer, key: &Key, delay: SignedDuration) -> Result<(), QueueError> {
        either!(self, queue => queue.send(layer, key, delay))
    }
}

impl ReadAccount for MailWay {
    async fn account(&self) -> Result<Account, Trouble> {
        either!(self, mail => mail.account())
    }
}

impl SendMail for MailWay {
    async fn send(&self, letter: &Letter) -> Result<String, NotSent> {
        either!(self, mail => mail.send(letter))
    }
}
