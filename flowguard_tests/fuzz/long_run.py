"""How much a long run draws, and from which seed, so that it can be repeated."""

import os
from collections.abc import Iterator
from itertools import islice, repeat
from random import Random

BATCH = 5_000


def batches(what: str) -> Iterator[tuple[Random, int]]:
    """A source of chance and a count for each batch; FLOWGUARD_TEST_PAYLOADS in all, from FLOWGUARD_TEST_SEED."""
    total = int(os.environ.get("FLOWGUARD_TEST_PAYLOADS") or 1_000_000)
    seed = int(os.environ.get("FLOWGUARD_TEST_SEED") or Random().randrange(2**32))
    print(f"\n{what}: {total} payloads, FLOWGUARD_TEST_SEED={seed}", flush=True)  # noqa: T201
    chance = Random(seed)
    full, rest = divmod(total, BATCH)
    yield from islice(repeat((chance, BATCH)), full)
    if rest:
        yield chance, rest
