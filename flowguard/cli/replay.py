"""``flowguard replay``: history files into Kafka."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flowguard.cli.app import Home, app, console
from flowguard.cli.progress import bar
from flowguard.settings import Settings, load_settings

if TYPE_CHECKING:
    from flowguard.replay import Replayed


@app.command()
def replay(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="NDJSON, CSV or Parquet, by its name.")],
    home: Home = None,
    raw: Annotated[bool, typer.Option("--raw", help="Send lines as they are, broken ones too.")] = False,
) -> None:
    """Send the events of history files to Kafka, from where they are ingested like all others.

    Lines that break a rule are listed as FILE:LINE with the rule, and not sent. Replaying a file twice changes
    nothing: an event without event_id is told by a hash of its row. Fails if no line was sent.
    """
    from flowguard.kafka.broker import Broker
    from flowguard.replay import read_files

    settings = load_settings(home)
    read_files(files, raw=raw)  # so that a mistyped name is told before anything else
    broker = Broker(settings)
    try:
        broker.ensure_topics()
    finally:
        broker.close()
    if not send(files, settings, raw=raw).sent:
        raise typer.Exit(1)


def send(files: list[Path], settings: Settings, *, raw: bool = False) -> "Replayed":
    """Replay files with a progress bar, list what is refused, and sum up."""
    from flowguard.replay import replay as replay_files
    from flowguard.replay import total_bytes

    with bar("reading", total_bytes(files), of_bytes=True) as advance:
        replayed = replay_files(
            files, settings, raw=raw, on_refused=lambda line: typer.echo(str(line)), progress=advance
        )
    for topic, count in sorted(replayed.sent.items()):
        console.print(f"{count:,} records sent to {topic}")
    if replayed.refused:
        rules = ", ".join(f"{rule} {count:,}" for rule, count in replayed.refused.most_common())
        console.print(f"{replayed.refused.total():,} lines refused: {rules}", soft_wrap=True)
    if not replayed.sent:
        console.print("No line was sent.", style="red")
    return replayed
