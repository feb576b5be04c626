//! What the owner asks through `make`: `replay`, `acknowledge`, `close`, `redrive`, `test-alert`.

use domain::exception::{Exception, Life};
use domain::subject::{OrderId, Subject};
use lambda::{Clock, Queue};
use ledger::Table;
use mailer::SendMail;
use serde_json::{Value, json};

use crate::incoming::Request;
use crate::queues::Queues;
use crate::{Error, Monitoring};

impl<T: Table, Q: Queue, C: Clock, M: SendMail, D: Queues> Monitoring<T, Q, C, M, D> {
    /// Answers the owner; a mistake of the owner's is an answer too: `{"error": "what to do next"}`.
    pub(crate) async fn operate(&self, request: &Request) -> Result<Value, Error> {
        let act = request.operator.as_str();
        match act {
            "redrive" => return self.redrive(request.layer.as_deref(), request.run).await,
            "test-alert" => return self.test_alert().await,
            "replay" if request.exception.is_empty() && request.many() => return self.replay_many(request).await,
            "replay" | "close" | "acknowledge" => {}
            other => {
                let known = "\"replay\", \"acknowledge\", \"close\", \"redrive\" and \"test-alert\"";
                return Ok(json!({ "error": format!("there is no operator's command {other:?}; there are {known}") }));
            }
        }
        let Some(exception) = self.named(&request.exception).await? else {
            let id = &request.exception;
            let why = format!("no exception {id:?} is known; `make exceptions` lists the open ones with their ids");
            return Ok(json!({ "error": why }));
        };
        match act {
            "close" => self.close(&exception).await,
            "acknowledge" => self.acknowledge(&exception).await,
            _ => Ok(serde_json::to_value(self.replay(&exception, request.run).await?)?),
        }
    }

    async fn named(&self, id: &str) -> Result<Option<Exception>, Error> {
        match self.subject_of(id) {
            Some(subject) => Ok(self.station.ledger.exception(&subject, id).await?),
            None => Ok(None),
        }
    }

    /// The owner has seen it: `{"acknowledged": "<id>", "state", "reason"}`. What is settled stays settled. It proves no channel:
    /// who reads the list has not read an alert.
    async fn acknowledge(&self, exception: &Exception) -> Result<Value, Error> {
        let Exception { subject, id, round, .. } = exception;
        let now = self.station.ledger.seen(subject, id, *round).await?;
        let state = now.map_or(exception.state, |now| now.state);
        tracing::info!(exception.id = id, "acknowledged by a person");
        Ok(json!({ "acknowledged": id, "state": state, "reason": exception.reason }))
    }

    /// Takes it off the list: `{"closed": "<id>", "reason"}`. What asks for a decision is closed by the decision.
    async fn close(&self, exception: &Exception) -> Result<Value, Error> {
        let (id, reason) = (&exception.id, &exception.reason);
        if exception.what == "held" && exception.state != Life::Resolved {
            let why = format!(
                "the order waits for your decision, and closing this would leave it held with nobody reminded. Decide by the \
                 link in the alert (for a new link: `make replay EXCEPTION={id}`), or cancel the order in the store"
            );
            return Ok(json!({ "error": why }));
        }
        self.station.ledger.resolve(&exception.subject, id).await?;
        tracing::info!(exception.id = id, "closed by a person");
        Ok(json!({ "closed": id, "reason": reason }))
    }

    /// The subject, which an exception's id begins with: `5550004242-…`, `contact-<hash>-…` or `store-<hash>-…`.
    fn subject_of(&self, id: &str) -> Option<Subject> {
        let store = &self.station.store;
        if id.starts_with(&format!("{}-", store.slug())) {
            return Some(store.clone());
        }
        let (first, rest) = id.split_once('-')?;
        match first {
            "contact" => rest.split_once('-').map(|(hash, _)| Subject::Contact(hash.to_owned())),
            _ => OrderId::parse(first).map(Subject::Order),
        }
    }
}
