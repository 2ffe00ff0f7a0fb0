"""History files become events in Kafka: NDJSON, CSV and Parquet, in batches, whatever their size."""

from flowguard.replay.files import read_files, total_bytes
from flowguard.replay.replay import RefusedLine, Replayed, replay
from flowguard.replay.survey import Survey, survey

__all__ = ["RefusedLine", "Replayed", "Survey", "read_files", "replay", "survey", "total_bytes"]
