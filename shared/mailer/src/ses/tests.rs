//! What goes over the wire, and what becomes of what comes back: against a socket that answers as it is told.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use aws_sdk_sesv2::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use domain::subject::{OrderId, Subject};

use super::*;

fn letter() -> Letter {
    Letter {
        to: "ada@example.com".into(),
        from: "Käse & Co. <orders@example.com>".into(),
        reply_to: Some("help@example.com".into()),
        subject: "Your order\r\nBcc: eve@example.com".into(),
        text: "one\r\ntwo\u{0}".into(),
        html: Some("<p>one</p>".into()),
        about: Subject::Order(OrderId(5_412_078_913)),
        effect: "0123456789abcdef01234567".into(),
        headers: Vec::new(),
        flow: None,
    }
}

fn ses(endpoint: &str, signed: bool) -> Ses {
    let account = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint);
    let account = if signed {
        let credentials = Credentials::new("test", "test", None, None, "test");
        account.credentials_provider(SharedCredentialsProvider::new(credentials))
    } else {
        account
    };
    Ses::new(&account.build(), "baton-mail".into(), Duration::from_millis(700))
}

/// A server for one request: answers with `answer`, or with nothing at all after reading.
fn server(answer: Option<&'static str>) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let handle = std::thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let read = socket.read(&mut buffer).unwrap();
            request.extend_from_slice(&buffer[..read]);
            let text = String::from_utf8_lossy(&request).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length =
                head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if read == 0 || body.len() >= length.unwrap_or(0) {
                break;
            }
        }
        match answer {
            Some("hang up") => {}
            Some(answer) => socket.write_all(answer.as_bytes()).unwrap(),
            // Hold the line until the other side gives up.
            None => drop(socket.read(&mut buffer)),
        }
        String::from_utf8(request).unwrap()
    });
    (url, handle)
}

const ACCEPTED: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 19\r\n\r\n{\"MessageId\":\"m-1\"}";

#[tokio::test]
async fn a_mail_carries_its_effect_and_nothing_that_could_be_misread() {
    let (url, server) = server(Some(ACCEPTED));
    assert_eq!(ses(&url, true).send(&letter()).await, Ok("m-1".to_owned()));
    let request = server.join().unwrap();
    assert!(request.starts_with("POST /v2/email/outbound-emails "), "{request}");
    for part in [
        r#""FromEmailAddress":"=?UTF-8?B?S8Okc2UgJiBDby4=?= <orders@example.com>""#,
        r#""ToAddresses":["ada@example.com"]"#,
        r#""ReplyToAddresses":["help@example.com"]"#,
        r#""Subject":{"Data":"Your order Bcc: eve@example.com","Charset":"UTF-8"}"#,
        r#""Text":{"Data":"one\ntwo","Charset":"UTF-8"}"#,
        r#""Html":{"Data":"<p>one</p>","Charset":"UTF-8"}"#,
        r#""Headers":[{"Name":"X-Baton-Effect","Value":"0123456789abcdef01234567"}]"#,
        r#""EmailTags":[{"Name":"baton-subject","Value":"5412078913"},{"Name":"baton-effect","Value":"0123456789abcdef01234567"}]"#,
        r#""ConfigurationSetName":"baton-mail""#,
    ] {
        assert!(request.contains(part), "{part}\n{request}");
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_sent_to_never_reaches_ses() {
    // Port 9 is not listened on: a request would be `Unavailable`.
    let ses = ses("http://127.0.0.1:9", true);
    let refused = ses.send(&Letter { to: "ada@example.com, eve@example.com".into(), ..letter() }).await;
    let why = "the mail address contains a space or a control character".to_owned();
    assert_eq!(refused, Err(Trouble::Refused { why }.into()));
    let broken = ses.send(&Letter { from: "nobody".into(), ..letter() }).await;
    assert!(
        matches!(broken, Err(NotSent::Trouble(Trouble::Broken { why })) if why.starts_with("the sender's address in store.toml"))
    );
}

#[tokio::test]
async fn silence_is_doubt_and_a_closed_door_is_not() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    let trouble = ses(&url, true).send(&letter()).await;
    assert_eq!(trouble, Err(Trouble::Unavailable { why: "no connection".into() }.into()));

    let (url, hanging) = server(None);
    let trouble = ses(&url, true).send(&letter()).await;
    assert_eq!(trouble, Err(Trouble::NoAnswer { why: "no answer in time".into() }.into()));
    hanging.join().unwrap();

    let (url, reset) = server(Some("hang up"));
    let trouble = ses(&url, true).send(&letter()).await;
    assert_eq!(trouble, Err(Trouble::NoAnswer { why: "the connection broke before an answer came".into() }.into()));
    reset.join().unwrap();
}

#[tokio::test]
async fn nothing_is_tried_twice_and_each_answer_is_sorted() {
    for (answer, expected) in [
        (
            "HTTP/1.1 500 Oops\r\nx-amzn-errortype: InternalFailure\r\ncontent-length: 2\r\n\r\n{}",
            Trouble::NoAnswer { why: "it answers InternalFailure".into() },
        ),
        (
            "HTTP/1.1 429 Slow\r\nretry-after: 3\r\nx-amzn-errortype: TooManyRequestsException\r\ncontent-length: 2\r\n\r\n{}",
            Trouble::RateLimited { retry_after: Some(jiff::SignedDuration::from_secs(3)), a_second: None },
        ),
        (
            "HTTP/1.1 400 Bad\r\nx-amzn-errortype: MessageRejected\r\ncontent-length: 31\r\n\r\n{\"message\":\"No to a@b.example\"}",
            Trouble::Refused { why: "No to (address)".into() },
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
            Trouble::NoAnswer { why: "it answered without a message id".into() },
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n<html",
            Trouble::NoAnswer { why: "its answer could not be read".into() },
        ),
    ] {
        // The server takes one connection: a second attempt would end as `Unavailable`.
        let (url, server) = server(Some(answer));
        assert_eq!(ses(&url, true).send(&letter()).await, Err(expected.into()), "{answer}");
        server.join().unwrap();
    }
}

#[tokio::test]
async fn no_credentials_is_for_a_person_to_mend() {
    let trouble = ses("http://127.0.0.1:9", false).send(&letter()).await;
    assert!(matches!(trouble, Err(NotSent::Trouble(Trouble::Broken { .. }))), "{trouble:?}");
}

#[tokio::test]
async fn the_account_says_how_much_it_may_send_and_a_no_is_no_doubt() {
    let body =
        r#"{"SendingEnabled":true,"SendQuota":{"Max24HourSend":50000.0,"MaxSendRate":14.0,"SentLast24Hours":42.0}}"#;
    let answer =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let (url, asked) = server(Some(answer.leak()));
    let account = Account { per_second: 14, per_day: Some(50_000), sent: 42 };
    assert_eq!(ses(&url, true).account().await, Ok(account));
    assert!(asked.join().unwrap().starts_with("GET /v2/email/account "));

    let (url, busy) = server(Some("HTTP/1.1 500 Oops\r\ncontent-length: 2\r\n\r\n{}"));
    let trouble = ses(&url, true).account().await;
    assert!(matches!(trouble, Err(Trouble::Unavailable { .. })), "{trouble:?}");
    busy.join().unwrap();
}
