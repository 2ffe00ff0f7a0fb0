import subprocess
import sys
from collections.abc import Iterator

import pytest

from flowguard.local.ports import free_port
from flowguard.local.shoppers.client import GatewayClient
from flowguard.settings import Settings, as_environment


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Settings]:
    """Settings of a gateway that runs in a process of its own, and answers."""
    served = settings.model_copy(update={"gateway_port": free_port()})
    process = subprocess.Popen([sys.executable, "-m", "flowguard.gateway"], env=as_environment(served))
    try:
        client = GatewayClient(served)
        client.send([b"{}"])  # waits until it listens
        client.close()
        yield served
    finally:
        process.terminate()
        process.wait()
