"""A home that is made once and opened many times, empty each time.

Making the tables takes half a second, and a catalog that remembers many examples makes each statement slower.
"""

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager

from flowguard.settings import Settings
from flowguard.warehouse import Warehouse, open_warehouse


class Blank:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._used, self._kept = settings.home / "warehouse", settings.home / "blank"
        open_warehouse(settings).close()
        shutil.copytree(self._used, self._kept)

    @contextmanager
    def opened(self) -> Iterator[Warehouse]:
        """Its empty warehouse, at the same place each time: the catalog knows where its files are."""
        shutil.rmtree(self._used)
        shutil.copytree(self._kept, self._used)
        with closing(open_warehouse(self.settings)) as warehouse:
            yield warehouse
