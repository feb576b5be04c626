"""The doctor's look at mail: may SES send, does it sign, do the domain's records say so, is the plan the cheapest."""

from __future__ import annotations

from collections.abc import Iterator

from . import cost, names
from .finding import Finding
from .meter import MAILS_A_MONTH, plan_in_force
from .storefile import Store
from .target import Target


def sender(target: Target, store: Store) -> Iterator[Finding]:
    """The identity, its signature, and what the domain's own records say."""
    identity = target.facts.get("mail_identity") or store.values["mail"]["identity"]
    state = target.cloud.sesv2.get_email_identity(EmailIdentity=identity)
    dkim = state.get("DkimAttributes") or {}
    records = "".join(
        f"\n           {token}._domainkey.{identity}  CNAME  {token}.dkim.amazonses.com"
        for token in dkim.get("Tokens") or []
    )
    to_add = (
        f"add these records where {identity} is hosted:{records}"
        if records
        else f"open the link SES sent to {identity}"
    )
    yield Finding(f"SES may send for {identity}", "" if state.get("VerifiedForSendingStatus") else to_add)
    if target.facts["endpoint"]:
        words = "not checked: the local stack's mail leaves this machine nowhere"
        yield Finding(
            f"DKIM, SPF and DMARC of {identity}: {words}", "make doctor AWS=1 asks, once it is deployed", unsure=True
        )
        return
    if "@" in identity:
        yield Finding(
            f"DKIM and DMARC: {identity} is one address, so SES signs with its own domain",
            "set [mail] identity to the domain: mail that its domain does not sign goes to spam",
        )
        return
    signed = dkim.get("SigningEnabled") and dkim.get("Status") == "SUCCESS"
    missing = (
        to_add
        if records
        else f"switch Easy DKIM on: aws sesv2 put-email-identity-dkim-attributes --email-identity {identity} --signing-enabled"
    )
    yield Finding(f"DKIM of {identity}: {dkim.get('Status', 'absent')}", "" if signed else missing)
    yield _spf(identity, state.get("MailFromAttributes") or {}, target.cloud.region)
    yield _dmarc(identity)


def _spf(identity: str, mail_from: dict[str, str], region: str) -> Finding:
    """SES sends under a domain of its own unless a MAIL FROM domain is set; only then can SPF be aligned with the sender."""
    name = mail_from.get("MailFromDomain")
    if not name:
        return Finding(
            f"SPF of {identity}: SES sends under amazonses.com, so DMARC rests on DKIM alone",
            f"to have both: aws sesv2 put-email-identity-mail-from-attributes --email-identity {identity} "
            f"--mail-from-domain mail.{identity}; then the MX and TXT records that the SES console shows",
            unsure=True,
        )
    record = f'add  {name}  MX  10 feedback-smtp.{region}.amazonses.com  and  {name}  TXT  "v=spf1 include:amazonses.com ~all"'
    if mail_from.get("MailFromDomainStatus") != "SUCCESS":
        return Finding(f"SPF of {name}: {mail_from.get('MailFromDomainStatus')}", record)
    try:
        found = [text for text in names.text_records(name) if text.lower().startswith("v=spf1")]
    except names.Unreachable as error:
        return Finding(
            f"SPF of {name}: SES is content; the record was not checked ({error})", f"look for: {record}", unsure=True
        )
    if len(found) == 1 and "include:amazonses.com" in found[0].lower():
        return Finding(f"SPF of {name}")
    why = "more than one record, so none counts: join them" if len(found) > 1 else record
    return Finding(f"SPF of {name}: {'; '.join(found) or 'no record'}", why)


def _dmarc(identity: str) -> Finding:
    """The record of the domain, or of one it is part of."""
    labels = identity.split(".")
    record = f'add  _dmarc.{identity}  TXT  "v=DMARC1; p=none; rua=mailto:<your address>"'
    try:
        for start in range(len(labels) - 1):
            name = "_dmarc." + ".".join(labels[start:])
            found = [text for text in names.text_records(name) if text.lower().replace(" ", "").startswith("v=dmarc1")]
            if found:
                return Finding(f"DMARC of {name.removeprefix('_dmarc.')}: {found[0]}")
    except names.Unreachable as error:
        look = f"look whether this is there, and if not, {record}"
        return Finding(f"DMARC of {identity}: not checked ({error})", look, unsure=True)
    return Finding(f"DMARC of {identity}: no record; Gmail and Yahoo ask for one", record)


def account(target: Target, _: Store) -> Iterator[Finding]:
    """Out of SES's sandbox, not paused, and on which plan."""
    found = target.cloud.sesv2.get_account()
    quota = found.get("SendQuota") or {}
    out = (
        "until then SES sends only to addresses it has verified, 200 a day: SES console, Account dashboard, "
        "Request production access"
    )
    words = f"SES production access ({int(quota.get('Max24HourSend', 0)):,} mails a day, {int(quota.get('MaxSendRate', 0))} a second)"
    yield Finding(words, "" if found.get("ProductionAccessEnabled") else out)
    standing = found.get("EnforcementStatus", "HEALTHY")
    paused = "SES has paused this account; see the SES console"
    watched = "SES is reviewing this account and pauses it if nothing changes: SES console, Account dashboard says why"
    stopped = not found.get("SendingEnabled") or standing == "SHUTDOWN"
    yield Finding(
        "SES may send" + ("" if standing == "HEALTHY" else f" ({standing})"),
        paused if stopped else watched if standing != "HEALTHY" else "",
    )
    yield _quota(int(quota.get("SentLast24Hours", 0)), int(quota.get("Max24HourSend", 0)))
    plan = plan_in_force(target)
    lines = cost.mail_lines(cost.prices(), plan, MAILS_A_MONTH)
    if plan is None:
        look = "SES console, Account dashboard, Pricing"
        yield Finding("SES's plan: SES does not say", look, unsure=True)
    else:
        yield Finding(f"SES's plan: {plan}", lines[1].strip() if len(lines) > 1 else "", unsure=True)


def _quota(sent: int, most: int) -> Finding:
    """From its last fifth on the quota is kept for mails about orders; -1 stands for no limit."""
    if most < 0:
        return Finding(f"SES's quota of mails: none, {sent:,} in the last 24 hours")
    short = sent * 5 >= most * 4
    more = "flows wait, mails about orders go first; AWS console, Service Quotas, Amazon SES, Sending quota: ask for more"
    return Finding(f"SES's quota of mails: {sent:,} of {most:,} in the last 24 hours", more if short else "")


def store_mails(_: Target, store: Store) -> Iterator[Finding]:
    """Only a person can see whether the store still sends its own."""
    if store.values["store"]["platform"] != "shopify":
        return
    if store.values["mail"]["store_mails_off"]:
        yield Finding("the store's own order mails are switched off, you say")
        return
    yield Finding(
        "the store's own order mails: customers get each of them twice",
        "Shopify admin, Settings, Notifications, Customer notifications: switch off order confirmation, shipping confirmation, "
        "shipping update, out for delivery and delivered; then say so: store_mails_off = true below [mail]",
    )
