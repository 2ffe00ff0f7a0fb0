"""Every error that FlowGuard raises on purpose.

::

    FlowGuardError
    ├── Transient                 trying again later may succeed
    │   ├── BrokerUnavailable     Kafka did not answer, or not in time
    │   ├── Superseded            another process does the same work now
    │   ├── WarehouseBusy         another process holds the write lock, or the catalog
    │   ├── WarehouseUnavailable  the warehouse did not answer, or the login has expired
    │   ├── StorageFailed         the disk is full, or cannot be written; the stage has lost a file
    │   └── EngineFailed          Spark did not answer, or its job failed
    └── Terminal                  a person has to decide or mend something
        ├── InvalidSettings       a setting is missing or unreadable
        ├── InvalidInput          a command was given something it cannot use
        ├── MissingComponent      a tool or package that this needs is not installed
        ├── TopicMisconfigured    a topic has settings that break the accounting
        │   └── TopicMissing      a topic does not exist
        ├── OffsetGap             Kafka does not hold the offsets that come next
        │   ├── RecordsExpired        they are older than what it keeps
        │   ├── OffsetsWentBackwards  it ends before what was ingested
        │   ├── PartitionGone         the whole partition does not exist any more
        │   ├── TopicTruncated        an ingested record is another one now
        │   ├── TopicRecreated        another topic has the name
        │   └── UnknownCluster        another Kafka answers at the address
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


class Superseded(Transient):
    """Another process does the same work now, under the same name."""


class WarehouseBusy(Transient):
    """Another process holds the write lock, or the catalog, for longer than we are willing to wait."""


class WarehouseUnavailable(Transient):
    """The warehouse did not answer, or the login has expired. What was being written is there whole or not at all."""


class StorageFailed(Transient):
    """The disk is full, cannot be written, or has lost a file. Nothing of what was being written is in the tables."""


class EngineFailed(Transient):
    """Spark did not answer, or its job failed. The tables are as they were."""


class Terminal(FlowGuardError):
    """A person has to decide or mend something."""


class InvalidSettings(Terminal):
    """A setting is missing or unreadable."""


class InvalidInput(Terminal):
    """A command was given something that it cannot use."""


class MissingComponent(Terminal):
    """A tool or package that this needs is not installed."""


class TopicMisconfigured(Terminal):
    """A topic has settings that break the accounting."""


class TopicMissing(TopicMisconfigured):
    """A topic does not exist."""


class OffsetGap(Terminal):
    """Kafka does not hold the offsets that come next. Ingestion stops until a person has decided."""


class RecordsExpired(OffsetGap):
    """The records that come next are older than what Kafka keeps."""


class OffsetsWentBackwards(OffsetGap):
    """Kafka ends before the last record that was ingested."""


class PartitionGone(OffsetGap):
    """A partition that was ingested does not exist any more."""


class TopicTruncated(OffsetGap):
    """A record that was ingested is another one now: the log was cut off and has grown again."""


class TopicRecreated(OffsetGap):
    """A topic was deleted, and another one has its name."""


class UnknownCluster(OffsetGap):
    """Another Kafka answers at the address than the one that was ingested."""


class PlatformFailed(Terminal):
    """A part of the local platform does not start, or has stopped."""


class WarehouseCorrupt(Terminal):
    """The tables contradict each other."""
