"""The settings of each Kafka client, in one place."""

from typing import Any

from flowguard.settings import Settings

REQUEST_TIMEOUT = 10.0
"""Seconds that one question to the broker may take."""


def client(settings: Settings) -> dict[str, Any]:
    """What every client has in common."""
    return {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "client.id": "flowguard",
        "socket.timeout.ms": int(REQUEST_TIMEOUT * 1000),
        "log.connection.close": False,
        # Whatever matters is raised; otherwise a broker that is away fills the screen with 40 lines a second.
        "log_level": 2,
    }


def producer(settings: Settings) -> dict[str, Any]:
    """A producer whose acknowledgement means stored, once."""
    return client(settings) | {"acks": "all", "enable.idempotence": True}


def consumer(settings: Settings) -> dict[str, Any]:
    """A consumer of exact ranges: it never commits by itself and never jumps to another offset."""
    return client(settings) | {
        "group.id": settings.consumer_group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "isolation.level": "read_committed",
        "enable.partition.eof": True,
        # The default of 1000 lets a consumer that is faster than the network run dry.
        "fetch.queue.backoff.ms": 10,
        # A fetch at the end of the records would wait for more, and the next range behind it, on the same connection.
        "fetch.wait.max.ms": 10,
        # What is fetched ahead of a range's end is thrown away.
        "queued.max.messages.kbytes": 8192,
        # The embedded broker heeds no limit of a fetch: it answers with everything that it holds.
        "receive.message.max.bytes": 2_147_483_647,
    }
