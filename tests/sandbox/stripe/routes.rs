//! The calls Stripe answers here: method, the document's path, our name for faults.

/// One call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub method: &'static str,
    pub path: &'static str,
    pub operation: &'static str,
}

const fn route(method: &'static str, path: &'static str, operation: &'static str) -> Route {
    Route { method, path, operation }
}

#[rustfmt::skip]
pub(crate) const ROUTES: &[Route] = &[
    route("get",    "/v1/checkout/sessions",                                 "list_sessions"),
    route("post",   "/v1/checkout/sessions",                                 "create_session"),
    route("get",    "/v1/checkout/sessions/{session}",                       "get_session"),
    route("get",    "/v1/checkout/sessions/{session}/line_items",            "list_line_items"),
    route("post",   "/v1/checkout/sessions/{session}/expire",                "expire_session"),
    route("get",    "/v1/payment_intents",                                   "list_payment_intents"),
    route("post",   "/v1/payment_intents",                                   "create_payment_intent"),
    route("get",    "/v1/payment_intents/{intent}",                          "get_payment_intent"),
    route("post",   "/v1/payment_intents/{intent}/confirm",                  "confirm_payment_intent"),
    route("get",    "/v1/charges",                                           "list_charges"),
    route("get",    "/v1/charges/{charge}",                                  "get_charge"),
    route("get",    "/v1/refunds",                                           "list_refunds"),
    route("post",   "/v1/refunds",                                           "create_refund"),
    route("get",    "/v1/refunds/{refund}",                                  "get_refund"),
    route("get",    "/v1/disputes",                                          "list_disputes"),
    route("get",    "/v1/disputes/{dispute}",                                "get_dispute"),
    route("get",    "/v1/radar/early_fraud_warnings",                        "list_warnings"),
    route("get",    "/v1/radar/early_fraud_warnings/{early_fraud_warning}",  "get_warning"),
    route("get",    "/v1/reviews/{review}",                                  "get_review"),
    route("get",    "/v1/events",                                            "list_events"),
    route("get",    "/v1/events/{id}",                                       "get_event"),
    route("get",    "/v1/webhook_endpoints",                                 "list_endpoints"),
    route("post",   "/v1/webhook_endpoints",                                 "create_endpoint"),
    route("get",    "/v1/webhook_endpoints/{webhook_endpoint}",              "get_endpoint"),
    route("post",   "/v1/webhook_endpoints/{webhook_endpoint}",              "update_endpoint"),
    route("delete", "/v1/webhook_endpoints/{webhook_endpoint}",              "delete_endpoint"),
];

/// Operations for `GET /_sandbox/operations`.
pub const OPERATIONS: &[&str] = &[
    "list_sessions",
    "create_session",
    "get_session",
    "list_line_items",
    "expire_session",
    "list_payment_intents",
    "create_payment_intent",
    "get_payment_intent",
    "confirm_payment_intent",
    "list_charges",
    "get_charge",
    "list_refunds",
    "create_refund",
    "get_refund",
    "list_disputes",
    "get_dispute",
    "list_warnings",
    "get_warning",
    "get_review",
    "list_events",
    "get_event",
    "list_endpoints",
    "create_endpoint",
    "get_endpoint",
    "update_endpoint",
    "delete_endpoint",
];

/// The route of a request, and the id in its path.
pub(crate) fn find(method: &str, path: &str) -> Option<(Route, String)> {
    let given: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    ROUTES.iter().filter(|route| route.method.eq_ignore_ascii_case(method)).find_map(|route| {
        let wanted: Vec<&str> = route.path.split('/').collect();
        if wanted.len() != given.len() {
            return None;
        }
        let mut id = String::new();
        for (wanted, given) in wanted.iter().zip(&given) {
            if wanted.starts_with('{') && !given.is_empty() {
                (*given).clone_into(&mut id);
            } else if wanted != given {
                return None;
            }
        }
        Some((*route, id))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_route_has_its_operation() {
        let names: Vec<&str> = ROUTES.iter().map(|route| route.operation).collect();
        assert_eq!(names, OPERATIONS);
        let (route, id) = find("GET", "/v1/checkout/sessions/cs_1/line_items").unwrap();
        assert_eq!((route.operation, id.as_str()), ("list_line_items", "cs_1"));
        assert!(find("PATCH", "/v1/refunds").is_none() && find("GET", "/v1/checkout").is_none());
    }
}
