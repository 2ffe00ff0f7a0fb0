"""Who receives alerts: the URLs of ``FLOWGUARD_ALERT_URLS``, each handed to apprise."""

import hashlib
import logging
import re
from functools import partial
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING

from flowguard.alerts.message import Message
from flowguard.settings import Settings

if TYPE_CHECKING:
    from apprise import NotifyBase

LONGEST_SECONDS = 20.0
"""What a receiver may take for a message in all. apprise limits each connection and each answer to 4 s, which a URL
can change (``?cto=…&rto=…``), but neither the lookup of a name nor an answer that comes drop by drop."""
_SECRET_LENGTH = 5


class Receiver:
    """One URL. It is a secret: ``address`` is what may be shown of it, ``id`` what may be stored."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.id = hashlib.sha256(url.encode()).hexdigest()[:12]
        self._service = _service(url)
        self._public = _public(self._service)
        self.address = f"{url.partition('://')[0]}://{'/'.join([*self._public, '****'])}"
        self._at_work: Thread | None = None

    def send(self, message: Message) -> str | None:
        """Hand a message over; why that failed, None if it was taken. Never raises, and takes 20 s at most."""
        if self._service is None:
            return "apprise knows no such URL: see its list of services for how this one is written"
        if self._at_work is not None and self._at_work.is_alive():
            return "it still has not answered the last message"
        outcome: list[str | None] = []
        self._at_work = Thread(target=lambda: outcome.append(self._notify(message)), daemon=True)
        self._at_work.start()
        self._at_work.join(LONGEST_SECONDS)
        return outcome[0] if outcome else f"no answer within {LONGEST_SECONDS:.0f} s"

    def _notify(self, message: Message) -> str | None:
        apprise = _apprise()
        with apprise.LogCapture(level=apprise.logging.WARNING, fmt="%(message)s") as said:
            try:
                notify = partial(apprise.Apprise(self._service).notify, body_format=apprise.NotifyFormat.MARKDOWN)
                taken = notify(body=message.body, title=message.title, notify_type=apprise.NotifyType(message.type))
            except Exception as error:  # a plugin's own; whatever it is, the message was not taken
                return self._masked(f"{type(error).__name__}: {error}")
            return None if taken else self._masked(" ".join(said.getvalue().split())) or "it did not take the message"

    def _masked(self, text: str) -> str:
        """What apprise says, without any part of the URL that may be a secret."""
        for part in re.split(r"[/:@?&=#]+", self._url.partition("://")[2]):
            if len(part) >= _SECRET_LENGTH and part not in self._public:
                text = text.replace(part, "****")
        return text


def receivers(settings: Settings) -> list[Receiver]:
    """Those that the settings name."""
    return [Receiver(url.get_secret_value()) for url in settings.alert_urls]


def _apprise() -> ModuleType:
    """It takes a second to be loaded, so only who sends pays for it. Its own log names URLs and goes nowhere."""
    import apprise

    logging.getLogger("apprise").propagate = False
    return apprise


def _service(url: str) -> "NotifyBase | None":
    """What apprise makes of a URL."""
    service: NotifyBase | None = _apprise().Apprise.instantiate(url, suppress_exceptions=True)
    return service


def _public(service: "NotifyBase | None") -> list[str]:
    """The host, where the service has one: elsewhere that place of the URL holds a token."""
    if service is None or service.template_tokens.get("host", {"private": True}).get("private"):
        return []
    return [service.host] if service.host else []
