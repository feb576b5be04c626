//! What the sandbox's own tests share: where samples and specifications lie, a running sandbox, a door.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use sandbox::{Config, Sandbox};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

/// The folder that `variable` names, else `../shared/<name>` beside the repository; none where it is absent, which is
/// said aloud.
pub fn shared_folder(variable: &str, name: &str) -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(name);
    let folder = std::env::var_os(variable).map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no folder {} ({variable} names another)", folder.display());
    None
}

pub fn samples() -> Option<PathBuf> {
    shared_folder("SAMPLES", "samples")
}

pub fn specs() -> Option<PathBuf> {
    shared_folder("SPECS", "specs")
}

/// One request the door received.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A door that keeps what it receives. The first answers come from `statuses`, all later ones are 200.
#[derive(Clone, Default)]
pub struct Door {
    pub received: Arc<Mutex<Vec<Received>>>,
    pub statuses: Arc<Mutex<Vec<u16>>>,
}

impl Door {
    /// Listens on a free port; returns the base URL.
    pub async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(receive).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        url
    }

    pub fn topics(&self) -> Vec<String> {
        self.received.lock().unwrap().iter().map(|one| one.header("x-shopify-topic").to_owned()).collect()
    }

    /// The requests received, once there are `count` of them.
    pub async fn wait_for(&self, count: usize) -> Vec<Received> {
        for _ in 0..400 {
            let received = self.received.lock().unwrap().clone();
            if received.len() >= count {
                return received;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} of {count} requests came: {:?}", self.received.lock().unwrap().len(), self.topics());
    }
}

async fn receive(State(door): State<Door>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    door.received.lock().unwrap().push(Received { path: uri.path().to_owned(), headers, body });
    let mut statuses = door.statuses.lock().unwrap();
    let status = if statuses.is_empty() { 200 } else { statuses.remove(0) };
    StatusCode::from_u16(status).unwrap()
}

/// A sandbox with the published specifications (where present) that delivers to `door`.
pub async fn sandbox(door: &Door) -> Sandbox {
    let config = Config { specs: specs(), retry_ms: vec![10, 10], ..Config::default() };
    let sandbox = Sandbox::start(config).await.unwrap();
    sandbox.set_intake_url(&door.start().await);
    sandbox
}

/// One client for all tests: making one reads the machine's certificates. It keeps no connection, since each test has a
/// runtime of its own.
pub fn client() -> reqwest::Client {
    static CLIENT: OnceLock<reqwest::Client> = OnceLock::new();
    let make =
        || reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).timeout(Duration::from_secs(20)).build();
    CLIENT.get_or_init(|| make().unwrap()).clone()
}

/// A request to the control routes: status and body (null where there is none).
pub async fn control(sandbox: &Sandbox, method: &str, path: &str, body: impl Into<reqwest::Body>) -> (u16, Value) {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let response = client().request(method, format!("{}{path}", sandbox.url())).body(body).send().await.unwrap();
    let status = response.status().as_u16();
    let bytes = response.bytes().await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
}

/// Every order of `0..n`.
pub fn permutations(n: usize) -> Vec<Vec<usize>> {
    if n == 0 {
        return vec![Vec::new()];
    }
    let smaller = permutations(n - 1);
    let placed = smaller.iter().flat_map(|rest| {
        (0..n).map(move |place| {
            let mut all = rest.clone();
            all.insert(place, n - 1);
            all
        })
    });
    placed.collect()
}
