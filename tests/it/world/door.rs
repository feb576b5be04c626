//! The real door on a port of this process; it can hold deliveries back to let them in later, in another order.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use intake::Request;
use lambda::{Secrets, StoreConfig};
use ledger::Ledger;

use super::{SimClock, TableWay};

type RealDoor = intake::Door<TableWay, SimClock>;

#[derive(Clone)]
pub struct Door {
    pub url: String,
    real: Arc<RealDoor>,
    held: Arc<Mutex<Option<Vec<Request>>>>,
}

impl Door {
    pub async fn start(table: TableWay, clock: SimClock, config: &StoreConfig, secrets: &Secrets) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let real = Arc::new(RealDoor::new(Ledger::new(table), clock, config, secrets).unwrap());
        let door = Self { url, real, held: Arc::default() };
        let router = axum::Router::new().fallback(receive).with_state(door.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        door
    }

    /// From now on deliveries are kept outside.
    pub fn hold(&self) {
        *self.held.lock().unwrap() = Some(Vec::new());
    }

    /// What was held; from now on deliveries come in again.
    pub fn held(&self) -> Vec<Request> {
        self.held.lock().unwrap().take().unwrap_or_default()
    }

    /// A delivery at the door; the status it hears.
    pub async fn deliver(&self, request: &Request) -> u16 {
        self.real.answer(request).await.status()
    }
}

async fn receive(State(door): State<Door>, method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let headers = headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()));
    let request = Request {
        method: method.to_string(),
        path: uri.path().trim_start_matches('/').to_owned(),
        headers: headers.collect(),
        body: body.to_vec(),
    };
    if let Some(held) = door.held.lock().unwrap().as_mut() {
        held.push(request);
        return StatusCode::OK;
    }
    StatusCode::from_u16(door.deliver(&request).await).unwrap()
}
