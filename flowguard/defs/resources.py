"""What the assets and sensors of a home share."""

from functools import cached_property
from threading import RLock

from flowguard.alerts.receivers import Receiver, receivers
from flowguard.kafka.broker import Broker
from flowguard.settings import Settings
from flowguard.warehouse import Warehouse, open_warehouse


class Home:
    """The settings of a home, its warehouse, its broker and the receivers of its alerts, each opened when it is first
    needed.

    Sensors share one in their threads, and keep it from tick to tick.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.last_error = ""
        """What the ingestion sensor's last failed tick said."""
        self._lock = RLock()

    @property
    def warehouse(self) -> Warehouse:
        with self._lock:
            return self._warehouse

    @property
    def broker(self) -> Broker:
        with self._lock:
            return self._broker

    @cached_property
    def receivers(self) -> list[Receiver]:
        """Who receives alerts."""
        return receivers(self.settings)

    @cached_property
    def _warehouse(self) -> Warehouse:
        return open_warehouse(self.settings)

    @cached_property
    def _broker(self) -> Broker:
        return Broker(self.settings)

    def close(self) -> None:
        """Let go of what was opened."""
        with self._lock:
            for name in ("_warehouse", "_broker"):
                if opened := self.__dict__.pop(name, None):
                    opened.close()
