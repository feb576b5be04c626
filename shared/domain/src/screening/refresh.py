"""Writes disposable.txt anew from the PyPI package disposable-email-domains, which carries the list of the project of that name.

    python3 -m venv /tmp/list && /tmp/list/bin/pip install disposable-email-domains
    /tmp/list/bin/python shared/domain/src/screening/refresh.py
"""

from importlib.metadata import version
from pathlib import Path

from disposable_email_domains import blocklist

# Aliases that forward to a real mail box hide an address, not a person.
RELAYS = ("privaterelay.appleid.com", "duck.com", "mozmail.com", "simplelogin.com", "addy.io")


def main() -> None:
    relayed = [d for d in blocklist if any(d == relay or d.endswith("." + relay) for relay in RELAYS)]
    domains = sorted(d.strip().lower() for d in blocklist if d not in relayed)
    assert len(domains) > 3000, "this is not the whole list"
    header = f"# disposable-email-domains {version('disposable-email-domains')}, CC0 1.0; see NOTICE.md\n"
    Path(__file__).with_name("disposable.txt").write_text(header + "\n".join(domains) + "\n", encoding="ascii")
    print(f"{len(domains)} domains; left out: {relayed}")


if __name__ == "__main__":
    main()
