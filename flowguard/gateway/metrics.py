"""What the gateway counts, in Prometheus' text format."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate

from flowguard.gateway.answer import Answer

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counters since the start of the process."""

    def __init__(self, pending: Callable[[], int]) -> None:
        self._pending = pending
        self._requests: Counter[int] = Counter()
        self._events: Counter[str] = Counter()
        self._rules: Counter[str] = Counter()
        self._buckets = [0] * (len(_BOUNDS) + 1)
        self._seconds = 0.0

    def answered(self, status: int, answer: Answer, seconds: float) -> None:
        """Count one answer of ``/v1/events`` and how long it took."""
        self._requests[status] += 1
        self._seconds += seconds
        self._buckets[bisect_left(_BOUNDS, seconds)] += 1
        if answer.accepted == len(answer.events):
            self._events["accepted"] += answer.accepted
            return
        for entry in answer.events:
            self._events[entry.status] += 1
            if entry.rule is not None:
                self._rules[entry.rule] += 1

    def render(self) -> str:
        """The page that Prometheus reads."""
        return "".join(f"{line}\n" for line in self._lines())

    def _lines(self) -> Iterator[str]:
        yield from _counter("requests", "Requests to /v1/events by status code", "code", self._requests.items())
        yield from _counter("events", "Events by what became of them", "status", self._events.items())
        yield from _counter("refused", "Refused events by rule", "rule", self._rules.items())
        yield from _head("pending_events", "gauge", "Records that await Kafka's acknowledgement")
        yield f"flowguard_gateway_pending_events {self._pending()}"
        yield from _head("answer_seconds", "histogram", "Time from a request's start to its answer")
        counts = list(accumulate(self._buckets))
        for bound, count in zip((*_BOUNDS, "+Inf"), counts, strict=True):
            yield f'flowguard_gateway_answer_seconds_bucket{{le="{bound}"}} {count}'
        yield f"flowguard_gateway_answer_seconds_sum {self._seconds:.6f}"
        yield f"flowguard_gateway_answer_seconds_count {counts[-1]}"


def _counter(name: str, text: str, label: str, counts: Iterable[tuple[object, int]]) -> Iterator[str]:
    yield from _head(f"{name}_total", "counter", text)
    for value, count in counts:
        yield f'flowguard_gateway_{name}_total{{{label}="{value}"}} {count}'


def _head(name: str, kind: str, text: str) -> Iterator[str]:
    yield f"# HELP flowguard_gateway_{name} {text}."
    yield f"# TYPE flowguard_gateway_{name} {kind}"
