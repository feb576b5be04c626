"""Starts the pinned emulator as the local stack wants it: on 127.0.0.1 only, nothing kept, nothing beside its one port.

What it changes about MiniStack, all of it here:
- `DELETE /_ministack/ses/messages` forgets the mails, so that `make reset` need not throw the whole stack away.
- With AUTH=true every AWS call of a *function* is judged by that function's role, as on AWS: a grant that is missing in the
  template fails here and not only in the owner's account. Everybody else may do anything with any credentials, signed or
  not, and signatures are not compared, since proxies in front of the emulator (UPSTREAM) change the host they cover.
- Two resources that MiniStack's judgement does not name yet: the parameters of ssm:GetParameters, and the identity and
  the From address of ses:SendEmail.
- What it judged is remembered: `GET /_baton/judged` lists each role with each action on each resource, once, and whether it was
  allowed. infra/cli/grants.py holds that against the template when a run ends.
- The pages that people open (console, storefront) have function URLs that a browser on this machine reaches, so that the link
  in an alert is one to click. MiniStack's own form needs a name server that knows it.

Run by the CLI; the port comes in GATEWAY_PORT.
"""

import json
import os
from contextvars import ContextVar
from email.utils import parseaddr

import ministack.app as emulator
from ministack.core import iam_actions, iam_evaluator, sigv4
from ministack.core.responses import get_account_id, json_response
from ministack.services import lambda_svc

_inner = emulator.app
_resource_arn = iam_actions.extract_resource_arn
_enforce_ses_v2 = emulator._enforce_ses_v2
_create_function_url = lambda_svc._create_function_url_config
_function_url_id = lambda_svc._function_url_id
_evaluate, _enforce = iam_evaluator.evaluate, iam_evaluator.enforce
# Role, action, resource, allowed.
_judged: set[tuple[str, str, str, bool]] = set()
# Who is being judged, and what a call names beside the resource that it is judged by.
_caller: ContextVar[str] = ContextVar("caller", default="")
_beside: ContextVar[tuple[str, ...]] = ContextVar("beside", default=())
# Where MiniStack serves function URLs by path.
BY_PATH = "/_aws/lambda-url/"


async def app(scope, receive, send):
    """MiniStack's application, with two routes in front."""
    asked = (scope.get("method"), scope["path"]) if scope["type"] == "http" else None
    if asked == ("DELETE", "/_ministack/ses/messages"):
        emulator._get_module("ses")._sent_emails.clear()
        status, body = 204, b""
    elif asked == ("GET", "/_baton/judged"):
        status, body = 200, json.dumps(sorted(_judged)).encode()
    else:
        await _inner(scope, receive, send)
        return
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": body})


def is_not_a_function(access_key_id):
    """Only the sessions that MiniStack hands to functions are judged."""
    return not (access_key_id or "").startswith("ASIA")


def evaluate(context, policies, *limits):
    """As MiniStack's; notes whose role it is."""
    _caller.set(context.principal_arn)
    return _evaluate(context, policies, *limits)


def enforce(access_key_id, iam_action, service, region, resource_arn="*", service_context=None):
    """As MiniStack's; what a role asked for is remembered."""
    _caller.set("")
    refusal = _enforce(access_key_id, iam_action, service, region, resource_arn, service_context)
    caller = _caller.get()
    if ":assumed-role/" in caller:
        for resource in (resource_arn, *_beside.get()):
            _judged.add((caller.split("/")[1], iam_action, resource, refusal is None))
    return refusal


def resource_arn(service, method, path, headers, body, query_params, region, account_id):
    """As MiniStack's; of several parameters the first stands for all here, and grants.py looks at each."""
    _beside.set(())
    if service == "ssm" and headers.get("x-amz-target", "").endswith(".GetParameters"):
        names = _json(body).get("Names") or []
        if names:
            first, *more = (f"arn:aws:ssm:{region}:{account_id}:parameter/{name.lstrip('/')}" for name in names)
            _beside.set(tuple(more))
            return first
    return _resource_arn(service, method, path, headers, body, query_params, region, account_id)


def enforce_ses_v2(method, path, headers, body, query_params, request_id):
    """SendEmail needs the identity and the configuration set, under the From address; the rest as MiniStack has it."""
    if not emulator.AUTH or method != "POST" or not path.rstrip("/").endswith("/outbound-emails"):
        return _enforce_ses_v2(method, path, headers, body, query_params, request_id)
    request = _json(body)
    sender = parseaddr(request.get("FromEmailAddress") or "")[1]
    base = f"arn:aws:ses:{emulator.extract_region(headers, query_params)}:{get_account_id()}"
    known = emulator._get_module("ses_v2")._identities
    resources = [f"{base}:identity/{sender if sender in known else sender.rpartition('@')[2]}"]
    if request.get("ConfigurationSetName"):
        resources.append(f"{base}:configuration-set/{request['ConfigurationSetName']}")
    for resource in resources:
        denied = emulator._enforce_data_plane(
            "sesv2",
            "ses:SendEmail",
            headers,
            query_params,
            request_id,
            resource_arn=resource,
            service_context={"ses:FromAddress": sender},
            named_resource=resource,
        )
        if denied:
            return denied
    return None


def create_function_url(function, data, qualifier):
    """As MiniStack's, with an address by path for the pages."""
    answer = _create_function_url(function, data, qualifier)
    if answer[0] != 201 or not function.endswith(("-console", "-storefront")):
        return answer
    config = lambda_svc._function_urls[lambda_svc._url_config_key(function, qualifier)]
    url_id = _function_url_id(config["FunctionUrl"])
    config["FunctionUrl"] = f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}{BY_PATH}{url_id}/"
    return json_response(config, status=201)


def function_url_id(url):
    """The id in either form."""
    return url.partition(BY_PATH)[2].strip("/") if BY_PATH in url else _function_url_id(url)


def _json(body):
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


iam_evaluator.is_root_access_key = is_not_a_function
iam_evaluator.evaluate, iam_evaluator.enforce = evaluate, enforce
iam_evaluator._served_unsigned = lambda service, action: True
sigv4.header_signature_failure = lambda *request, **more: None
iam_actions.extract_resource_arn = resource_arn
emulator._enforce_ses_v2 = enforce_ses_v2
lambda_svc._create_function_url_config = create_function_url
lambda_svc._function_url_id = function_url_id
# main() serves whatever the module calls `app`.
emulator.app = app

if __name__ == "__main__":
    emulator.main()
