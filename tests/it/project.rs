//! Rules about the project's own text and packages: what was copied, and who may reach what.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::samples;

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

// What was copied.

/// Values that stand in samples and in our sources because a provider documents them as constants.
const PUBLIC_CONSTANTS: &[(&str, &str)] = &[
    ("Scheduled Event", "the detail-type that EventBridge documents for its schedules"),
    ("18019901", "the code that 17TRACK documents for a number that is registered already"),
    ("18019902", "the code that 17TRACK documents for a number that is not registered"),
    ("Rendering Failure", "the eventType that SES documents for a template it could not fill in"),
];

/// Strings shorter than this say nothing about where they come from.
const SPECIFIC_LETTERS: usize = 12;
const SPECIFIC_DIGITS: usize = 8;

/// Folders whose text must be our own.
const OWN: [&str; 2] = ["functions", "shared"];

#[test]
fn no_value_is_copied_from_the_samples() {
    let Some(samples) = samples() else { return };
    let (mut strings, mut numbers) = (HashSet::new(), HashSet::new());
    for file in files(&samples) {
        if let Ok(json) = serde_json::from_slice::<Value>(&std::fs::read(&file).unwrap()) {
            collect(&json, &mut strings, &mut numbers);
        }
    }
    assert!(strings.len() > 500 && numbers.len() > 100, "{} strings, {} numbers", strings.len(), numbers.len());
    for (value, _reason) in PUBLIC_CONSTANTS {
        assert!(strings.remove(*value) || numbers.remove(*value), "{value} stands in no sample any more");
    }
    let mut copied = Vec::new();
    for file in OWN.iter().flat_map(|folder| files(&root().join(folder))) {
        // A list of mail domains that somebody else keeps (see NOTICE.md beside it): some are nothing but digits.
        if file.ends_with("screening/disposable.txt") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        for (number, line) in text.lines().enumerate() {
            let place = || format!("{}:{}", file.strip_prefix(root()).unwrap().display(), number + 1);
            copied.extend(
                digits(line).into_iter().filter(|run| numbers.contains(run)).map(|run| format!("{} {run}", place())),
            );
            let found = strings.iter().filter(|value| line.contains(value.as_str()));
            copied.extend(found.map(|value| format!("{} {value:?}", place())));
        }
    }
    assert!(copied.is_empty(), "copied from the samples:\n{}", copied.join("\n"));
}

/// The check itself finds what it looks for.
#[test]
fn a_copied_value_would_be_seen() {
    let (mut strings, mut numbers) = (HashSet::new(), HashSet::new());
    let json = serde_json::json!({
        "id": 123_456_789_u64, "text_id": "987654321", "name": "Somebody Invented", "topic": "orders/risk_assessment_changed",
        "at": "2026-11-22T02:13:00-05:00", "small": 42,
    });
    collect(&json, &mut strings, &mut numbers);
    assert_eq!(strings, HashSet::from(["Somebody Invented".to_owned()]));
    assert_eq!(numbers, HashSet::from(["123456789".to_owned(), "987654321".to_owned()]));
    assert_eq!(digits("const ORDER: u64 = 123_456_789; // a1"), ["123456789"]);
}

fn collect(json: &Value, strings: &mut HashSet<String>, numbers: &mut HashSet<String>) {
    match json {
        Value::Object(fields) => fields.values().for_each(|value| collect(value, strings, numbers)),
        Value::Array(items) => items.iter().for_each(|value| collect(value, strings, numbers)),
        Value::Number(number) => numbers.extend(digits(&number.to_string())),
        Value::String(text) => {
            if text.bytes().all(|b| b.is_ascii_digit()) {
                numbers.extend(digits(text));
            } else if specific(text) {
                strings.insert(text.clone());
            }
            // JSON within JSON, as queues and notifications wrap it.
            if text.starts_with(['{', '['])
                && let Ok(inner) = serde_json::from_str(text)
            {
                collect(&inner, strings, numbers);
            }
        }
        Value::Bool(_) | Value::Null => {}
    }
}

/// Whether a string could only stand in two places because one was copied: long, with a digit or a space, and neither a moment
/// nor the bare address of a public host.
fn specific(text: &str) -> bool {
    let word = text.bytes().all(|b| b.is_ascii_alphabetic() || b"_./-".contains(&b));
    let moment = text.len() >= 16
        && text.as_bytes()[..10]
            .iter()
            .enumerate()
            .all(|(n, b)| if n == 4 || n == 7 { *b == b'-' } else { b.is_ascii_digit() });
    let host = text.strip_prefix("https://").is_some_and(|rest| !rest.trim_end_matches('/').contains('/'));
    text.chars().count() >= SPECIFIC_LETTERS
        && !word
        && !moment
        && !host
        && text.contains(|c: char| c.is_ascii_digit() || c == ' ')
}

/// Runs of at least [`SPECIFIC_DIGITS`] digits; Rust's separators within a run do not count.
fn digits(line: &str) -> Vec<String> {
    let mut runs = vec![String::new()];
    for character in line.chars() {
        let run = runs.last_mut().unwrap();
        match character {
            '_' if !run.is_empty() => {}
            digit if digit.is_ascii_digit() => run.push(digit),
            _ if run.is_empty() => {}
            _ => runs.push(String::new()),
        }
    }
    // 10000000 is nobody's number.
    runs.retain(|run| run.len() >= SPECIFIC_DIGITS && run.trim_end_matches('0').len() > 1);
    runs
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

// Who may reach what.

/// What a package of the workspace may use of the others, and which crates it must never reach, however far around.
struct Reach {
    package: &'static str,
    uses: &'static [&'static str],
    never: &'static [&'static str],
}

/// Everything that talks to the network, reads a clock or draws lots. A `*` stands for the rest of a name.
const OUTSIDE: &[&str] =
    &["aws*", "hyper*", "reqwest", "tokio", "http", "chrono", "time", "rand*", "fastrand", "getrandom", "lambda*"];
const MAIL: &[&str] = &["aws-sdk-sesv2", "mailer", "askama"];
const MAIL_AND_PARTNERS: &[&str] = &["aws-sdk-sesv2", "mailer", "askama", "partner"];
/// Beside what a layer needs of AWS.
const NO_SURPRISES: &[&str] = &["aws-sdk-s3", "aws-sdk-sns", "openssl", "openssl-sys", "native-tls"];

#[rustfmt::skip]
const PACKAGES: &[Reach] = &[
    Reach { package: "domain",      uses: &[],                                             never: OUTSIDE },
    Reach { package: "brand",       uses: &[],                                             never: OUTSIDE },
    Reach { package: "words",       uses: &["domain"],                                     never: OUTSIDE },
    Reach { package: "ledger",      uses: &["domain"],                                     never: &["reqwest", "aws-sdk-sesv2", "aws-sdk-sqs", "aws-sdk-ssm", "lambda*"] },
    Reach { package: "lambda",      uses: &["brand", "domain", "ledger"],                           never: MAIL_AND_PARTNERS },
    Reach { package: "mailer",      uses: &["brand", "domain"],                                     never: &["reqwest", "aws-sdk-dynamodb", "aws-sdk-sqs", "aws-sdk-ssm", "lambda*", "ledger"] },
    Reach { package: "store",       uses: &["domain", "lambda"],                           never: MAIL_AND_PARTNERS },
    Reach { package: "partner",     uses: &["domain", "lambda"],                           never: &["aws-sdk-sesv2", "mailer", "askama", "store"] },
    // Hearing and calling feeds; `unicode-normalization` is for the one that signs with a decomposed secret.
    Reach { package: "tracking",    uses: &["domain", "lambda"],                           never: &["aws-sdk-sesv2", "mailer", "askama", "store", "partner"] },
    Reach { package: "links",       uses: &["domain"],                                     never: &["reqwest", "aws*", "lambda*", "ledger", "tokio"] },
    // The door hears stores, partners and feeds; it has nothing to call them with.
    Reach { package: "intake",      uses: &["domain", "lambda", "ledger", "partner", "tracking"], never: &["reqwest", "aws-sdk-sesv2", "mailer", "askama", "store"] },
    Reach { package: "relay",       uses: &["domain", "lambda", "ledger"],                 never: &["reqwest", "aws-sdk-sesv2", "mailer", "askama", "partner", "store"] },
    Reach { package: "capture",     uses: &["domain", "lambda", "ledger", "store"],        never: MAIL_AND_PARTNERS },
    Reach { package: "routing",     uses: &["domain", "lambda", "ledger", "partner", "store"], never: MAIL },
    Reach { package: "shipping",    uses: &["domain", "lambda", "ledger", "partner", "store", "tracking"], never: MAIL },
    Reach { package: "email",       uses: &["brand", "domain", "lambda", "ledger", "links", "mailer", "store", "words"],  never: &["mrml", "partner"] },
    Reach { package: "monitoring",  uses: &["domain", "lambda", "ledger", "links", "mailer"], never: &["partner", "store"] },
    Reach { package: "storefront",  uses: &["brand", "domain", "lambda", "ledger", "links", "store", "words"], never: &["aws-sdk-sesv2", "mailer", "partner"] },
    Reach { package: "baton-console", uses: &["domain", "lambda", "ledger", "links", "store"], never: &["aws-sdk-sesv2", "mailer", "partner"] },
    // The sandbox stands outside: it plays the providers from their own documents, not from our reading of them.
    Reach { package: "baton-tests", uses: &[],                                             never: &["aws-sdk*"] },
];

/// Who alone names a crate in its own `Cargo.toml`; others may reach it through them.
#[rustfmt::skip]
const ONLY: &[(&str, &[&str])] = &[
    ("hmac",               &["intake", "partner", "tracking", "links", "monitoring"]),
    ("subtle",             &["partner", "tracking"]),
    ("hex",                &["intake", "partner", "tracking", "monitoring"]),
    ("reqwest",            &["lambda", "store", "partner", "routing", "tracking", "email", "monitoring"]),
    ("aws-sdk-sesv2",      &["mailer", "monitoring"]),
    ("aws-sdk-scheduler",  &["email"]),
    ("aws-sdk-ssm",        &["lambda", "intake", "capture", "routing", "shipping", "email", "monitoring", "storefront", "baton-console"]),
    ("aws-sdk-dynamodb",   &["ledger", "lambda", "store", "intake", "capture", "routing", "shipping", "email", "monitoring", "storefront", "baton-console"]),
    ("secrecy",            &["lambda", "intake", "store", "partner", "links", "tracking", "email", "monitoring"]),
    ("askama",             &["email", "monitoring", "storefront", "baton-console"]),
    ("flate2",             &["ledger"]),
    ("iso_currency",       &["domain"]),
];

#[test]
fn every_package_reaches_only_what_it_may() {
    let metadata = Metadata::read();
    let members: BTreeSet<&str> = metadata.members.keys().map(String::as_str).collect();
    let named: BTreeSet<&str> = PACKAGES.iter().map(|reach| reach.package).collect();
    assert_eq!(named, members, "the table names every package of the workspace");
    let mut wrong = Vec::new();
    for Reach { package, uses, never } in PACKAGES {
        let direct = metadata.direct(package);
        let used: Vec<&String> = direct.iter().filter(|name| members.contains(name.as_str())).collect();
        wrong.extend(
            used.iter().filter(|name| !uses.contains(&name.as_str())).map(|name| format!("{package} uses {name}")),
        );
        wrong.extend(
            uses.iter()
                .filter(|name| !direct.contains(**name))
                .map(|name| format!("{package} does not use {name} any more")),
        );
        let reached = metadata.reached(package);
        for name in reached.iter().filter(|name| never.iter().chain(NO_SURPRISES).any(|never| fits(never, name))) {
            wrong.push(format!("{package} reaches {name}"));
        }
        for (name, _) in ONLY.iter().filter(|(name, only)| direct.contains(*name) && !only.contains(package)) {
            // The sandbox checks signatures and packs bodies as providers do.
            if *package != "baton-tests" {
                wrong.push(format!("{package} names {name}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The check itself: the reach of a package that does talk to the world is seen.
#[test]
fn a_forbidden_crate_would_be_seen() {
    let metadata = Metadata::read();
    assert!(metadata.reached("shipping").contains("reqwest") && !metadata.direct("shipping").contains("reqwest"));
    assert!(metadata.reached("email").contains("aws-sdk-sesv2"));
    // Of one crate two packages may ask different features.
    assert!(metadata.reached("intake").contains("partner") && metadata.reached("partner").contains("reqwest"));
    assert!(fits("aws*", "aws-sdk-sqs") && !fits("http", "http-body") && fits("http", "http"));
}

/// The machine's clock is handed in where a program starts, and nowhere else.
#[test]
fn the_clock_is_read_in_one_place() {
    let may = |path: &str| {
        path.ends_with("/src/main.rs") || path.starts_with("shared/lambda/src/") || path.contains("/src/tests/")
    };
    let mut wrong = Vec::new();
    for file in OWN
        .iter()
        .flat_map(|folder| files(&root().join(folder)))
        .filter(|file| file.extension().is_some_and(|e| e == "rs"))
    {
        let text = std::fs::read_to_string(&file).unwrap();
        let path = file.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
        let words = ["SystemClock", "SystemTime::now", "Instant::now", "Timestamp::now", "Zoned::now", "std::env::var"];
        let found = words.iter().filter(|word| text.contains(**word) && !may(&path));
        wrong.extend(found.map(|word| format!("{path} names {word}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn fits(pattern: &str, name: &str) -> bool {
    pattern.strip_suffix('*').map_or_else(|| pattern == name, |start| name.starts_with(start))
}

/// The platform these tests were built for, as cargo names it.
fn host() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = std::process::Command::new(rustc).arg("-vV").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().find_map(|line| line.strip_prefix("host: ")).unwrap().to_owned()
}

/// What `cargo metadata` says, without asking any registry.
struct Metadata {
    /// Package id by name.
    members: BTreeMap<String, String>,
    names: HashMap<String, String>,
    manifests: HashMap<String, String>,
    /// Ids a package's own code needs: neither for its tests nor for its build.
    needs: HashMap<String, Vec<String>>,
}

impl Metadata {
    /// Asked once: cargo waits for other builds that are under way.
    fn read() -> &'static Self {
        static METADATA: OnceLock<Metadata> = OnceLock::new();
        METADATA.get_or_init(Self::ask)
    }

    fn ask() -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = std::process::Command::new(cargo);
        command.current_dir(root()).args(["metadata", "--format-version=1", "--locked", "--offline"]);
        // What is not built here was not downloaded here.
        command.args(["--filter-platform", &host()]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let json: Value = serde_json::from_slice(&output.stdout).unwrap();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let packages = json["packages"].as_array().unwrap();
        let names: HashMap<String, String> =
            packages.iter().map(|package| (text(&package["id"]), text(&package["name"]))).collect();
        let manifests =
            packages.iter().map(|package| (text(&package["id"]), text(&package["manifest_path"]))).collect();
        let members = json["workspace_members"].as_array().unwrap();
        let members = members.iter().map(|id| (names[id.as_str().unwrap()].clone(), text(id))).collect();
        let normal = |dep: &&Value| dep["dep_kinds"].as_array().unwrap().iter().any(|kind| kind["kind"].is_null());
        let needs = json["resolve"]["nodes"].as_array().unwrap().iter().map(|node| {
            let deps = node["deps"].as_array().unwrap().iter().filter(normal).map(|dep| text(&dep["pkg"]));
            (text(&node["id"]), deps.collect())
        });
        Self { needs: needs.collect(), names, manifests, members }
    }

    /// Names of the crates a package names itself.
    fn direct(&self, package: &str) -> BTreeSet<String> {
        self.needs[&self.members[package]].iter().map(|id| self.names[id].clone()).collect()
    }

    /// Names of all crates a package's own code is built from, itself left out: with the features that it asks for and no other
    /// package does. Of a library in `shared` with all of them, whoever asks.
    fn reached(&self, package: &str) -> BTreeSet<String> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let manifest = &self.manifests[&self.members[package]];
        let mut command = std::process::Command::new(cargo);
        command.args(["tree", "--locked", "--offline", "--edges=normal", "--prefix=none", "--target", &host()]);
        command.args(["--manifest-path", manifest]);
        if Path::new(manifest).starts_with(root().canonicalize().unwrap().join("shared")) {
            command.arg("--all-features");
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).unwrap();
        let names = text.lines().skip(1).filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    }
}
