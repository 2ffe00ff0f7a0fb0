from contextlib import closing

from typer.testing import CliRunner

from flowguard.cli.main import app
from flowguard.kafka.broker import Broker
from flowguard.settings import Settings, as_environment


def test_history_is_sent_through_the_gateway(gateway: Settings) -> None:
    arguments = ["simulate", "--events", "500", "--days", "2", "--seed", "9", "--home", str(gateway.home)]
    done = CliRunner().invoke(app, arguments, env=as_environment(gateway))
    assert done.exit_code == 0, done.output
    assert done.stdout == "500 records sent over 2 days, seed 9.\n"
    with closing(Broker(gateway)) as broker:
        assert sum(marks.high for marks in broker.watermarks().values()) == 500 + 1  # and the gateway's greeting
