//! Which AWS operation a request is, from what every SDK sends: `X-Amz-Target`, the signature's scope, the path, or the
//! query protocol's `Action`.

use super::model::Model;
use axum::http::{HeaderMap, Method};

/// `dynamodb`, `PutItem`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Operation {
    pub service: String,
    pub name: String,
}

/// The operation; for one we cannot name, method and path.
pub(crate) fn identify(method: &Method, path: &str, headers: &HeaderMap, body: &[u8], ses: &Model) -> Operation {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let scope = header("authorization").and_then(signed_for);
    if let Some(target) = header("x-amz-target") {
        let (prefix, name) = target.rsplit_once('.').unwrap_or(("", target));
        let service = scope.map_or_else(|| service_of_target(prefix), |scope| service(scope).to_owned());
        return Operation { service, name: name.to_owned() };
    }
    if path.starts_with("/v2/email/") {
        let name = ses.operation(method.as_str(), path).map_or_else(|| format!("{method} {path}"), str::to_owned);
        return Operation { service: "ses".to_owned(), name };
    }
    if path.starts_with("/schedules/") {
        let name = match *method {
            Method::POST => "CreateSchedule",
            Method::DELETE => "DeleteSchedule",
            Method::PUT => "UpdateSchedule",
            _ => "GetSchedule",
        };
        return Operation { service: "scheduler".to_owned(), name: name.to_owned() };
    }
    // Smithy's RPC protocol: /service/<shape>/operation/<name>.
    if let Some((_, name)) = path.strip_prefix("/service/").and_then(|rest| rest.split_once("/operation/")) {
        return Operation { service: service(scope.unwrap_or("aws")).to_owned(), name: name.to_owned() };
    }
    let form = header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let action = if form { std::str::from_utf8(body).ok().and_then(action) } else { None };
    let name = action.map_or_else(|| format!("{method} {path}"), str::to_owned);
    Operation { service: service(scope.unwrap_or("aws")).to_owned(), name }
}

/// The service in `Credential=<key>/<date>/<region>/<service>/aws4_request`.
fn signed_for(authorization: &str) -> Option<&str> {
    let (_, credential) = authorization.split_once("Credential=")?;
    credential.split([',', ' ']).next()?.split('/').nth(3)
}

/// Scopes whose name differs from what the service is called.
fn service(scope: &str) -> &str {
    match scope {
        "email" => "ses",
        "monitoring" => "cloudwatch",
        other => other,
    }
}

/// Without a signature: `DynamoDB_20120810`, `AmazonSQS`, `AmazonSSM`.
fn service_of_target(prefix: &str) -> String {
    let name = prefix.split('_').next().unwrap_or(prefix);
    name.trim_start_matches("Amazon").to_ascii_lowercase()
}

fn action(form: &str) -> Option<&str> {
    form.split('&').find_map(|pair| pair.strip_prefix("Action="))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, headers: &[(&'static str, &'static str)], body: &str) -> (String, String) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let ses = Model::load(None).unwrap();
        let operation = identify(&Method::POST, path, &map, body.as_bytes(), &ses);
        (operation.service, operation.name)
    }

    fn pair(service: &str, name: &str) -> (String, String) {
        (service.to_owned(), name.to_owned())
    }

    #[test]
    fn every_protocol_is_recognised() {
        const SNS: &str =
            "AWS4-HMAC-SHA256 Credential=key/20261122/us-east-1/sns/aws4_request, SignedHeaders=host, Signature=0";
        const SES: &str =
            "AWS4-HMAC-SHA256 Credential=key/20261122/us-east-1/ses/aws4_request, SignedHeaders=host, Signature=0";
        assert_eq!(of("/", &[("x-amz-target", "DynamoDB_20120810.PutItem")], "{}"), pair("dynamodb", "PutItem"));
        assert_eq!(of("/", &[("x-amz-target", "AmazonSQS.SendMessage")], "{}"), pair("sqs", "SendMessage"));
        assert_eq!(of("/", &[("x-amz-target", "AmazonSSM.GetParameter")], "{}"), pair("ssm", "GetParameter"));
        assert_eq!(of("/v2/email/outbound-emails", &[("authorization", SES)], "{}"), pair("ses", "SendEmail"));
        let form = [("authorization", SNS), ("content-type", "application/x-www-form-urlencoded")];
        assert_eq!(of("/", &form, "Version=1&Action=Publish&X=1"), pair("sns", "Publish"));
        assert_eq!(of("/x", &[("authorization", SNS)], ""), pair("sns", "POST /x"));
    }
}
