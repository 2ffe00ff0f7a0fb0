"""A real Apache Kafka on loopback, without Docker and without root: one node that is broker and controller."""

from flowguard.local.apache_kafka.server import ApacheKafka, command

__all__ = ["ApacheKafka", "command"]
