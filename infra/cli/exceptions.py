"""`acknowledge`: the owner has seen an exception. `close`: it is done. `test-alert`: does word of one arrive?"""

from __future__ import annotations

from . import places
from .operate import operate
from .say import Failure, note
from .target import Target


def acknowledge() -> None:
    """The exception stays open, and the digest stops nagging about it."""
    exception = places.required("EXCEPTION", "make acknowledge EXCEPTION=<id>   (make exceptions lists them)")
    answer = operate(Target.load(), "monitoring", "acknowledge", exception=exception)
    if answer["state"] == "resolved":
        note(f"it is settled already: {answer['reason']}")
    else:
        note(f"seen, and still open: {answer['reason']}")


def close() -> None:
    """Takes an exception off the list because its owner says so."""
    exception = places.required("EXCEPTION", "make close EXCEPTION=<id>   (make exceptions lists them)")
    answer = operate(Target.load(), "monitoring", "close", exception=exception)
    note(f"closed: {answer['reason']}")


def test_alert() -> None:
    """One test alert on every channel. Fails where a channel did not take it."""
    channels = operate(Target.load(), "monitoring", "test-alert")["channels"]
    for channel in channels:
        if not channel["sent"]:
            note(f"  {channel['channel']}: not sent: {channel['why']}")
            continue
        note(f"  {channel['channel']}: sent" + ("" if channel["link"] else ", without a link: make doctor says what is missing"))
        last = channel["acknowledged"]
        note(f"    the last answer by this way came at {last}" if last else "    nobody has answered by this way yet")
    failed = [channel["channel"] for channel in channels if not channel["sent"]]
    if failed:
        raise Failure(f"no test alert by {' and '.join(failed)}: the log group of the monitoring function says why")
    note("open the link in each and press its button: that proves the way to you")
