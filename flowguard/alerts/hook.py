"""The hook: where an alert leaves FlowGuard. It is logged, and posted as JSON to ``FLOWGUARD_ALERT_WEBHOOK``."""

import logging
import urllib.request
from datetime import datetime
from http.client import HTTPException
from typing import Literal

import msgspec

from flowguard.settings import Settings

_PATIENCE = 5.0
"""Seconds that the receiver has to answer."""
_log = logging.getLogger(__name__)


class Alert(msgspec.Struct, frozen=True):
    """Something that a person has to know: the name of the error, what it says, and whether it begins or is over; or a
    report, whose text is Markdown.

    ``key`` is the same when it begins and when it is over; ``at`` is UTC.
    """

    key: str
    state: Literal["begun", "over", "report"]
    text: str
    at: datetime


def send(settings: Settings, alert: Alert) -> None:
    """Tell people. Never raises: an alert that cannot be delivered must not stop the work, and is logged."""
    level = logging.INFO if alert.state == "report" else logging.ERROR
    _log.log(level, "alert %s, %s: %s", alert.state, alert.key, alert.text)
    if settings.alert_webhook is None:
        return
    try:
        request = urllib.request.Request(
            settings.alert_webhook.get_secret_value(),
            msgspec.json.encode(alert),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=_PATIENCE):
            pass
    except (OSError, HTTPException, ValueError) as error:
        _log.error("the alert could not be posted to FLOWGUARD_ALERT_WEBHOOK: %s", error)
