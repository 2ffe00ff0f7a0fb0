"""Every error that FlowGuard raises on purpose.

::

    FlowGuardError
    ├── Transient                 trying again later may succeed
    │   ├── BrokerUnavailable     Kafka did not answer, or not in time
    │   └── WarehouseBusy         another process holds the write lock
    └── Terminal                  a person has to decide or mend something
        ├── InvalidSettings       a setting is missing or unreadable
        ├── InvalidInput          a command was given something it cannot use
        ├── MissingComponent      a tool or package that this needs is not installed
        ├── TopicMisconfigured    a topic is missing, or has settings that break the accounting
        ├── OffsetGap             Kafka no longer holds, or never held, offsets that come next
        ├── PlatformFailed        a part of the local platform does not start, or has stopped
    └── WarehouseCorrupt      the tables contradict each other

Each message says what is wrong, where, and what to do.
"""


class FlowGuardError(Exception):
    """The root of the tree."""


class Transient(FlowGuardError):
    """Trying again later may succeed."""


class BrokerUnavailable(Transient):
    """Kafka did not answer, or not in time."""


class WarehouseBusy(Transient):
    """Another process holds the write lock for longer than we are willing to wait."""


class Terminal(FlowGuardError):
    """A person has to decide or mend something."""


class InvalidSettings(Terminal):
    """A setting is missing or unreadable."""


class InvalidInput(Terminal):
    """A command was given something that it cannot use."""


class MissingComponent(Terminal):
    """A tool or package that this needs is not installed."""


class TopicMisconfigured(Terminal):
    """A topic is missing, or has settings that break the accounting."""


class OffsetGap(Terminal):
    """Kafka no longer holds, or never held, the offsets that come next."""


class PlatformFailed(Terminal):
    """A part of the local platform does not start, or has stopped."""


class WarehouseCorrupt(Terminal):
    """The tables contradict each other."""
