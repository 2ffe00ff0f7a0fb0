"""Reading blocks of records by the contract: canonical lines for the good ones, a refusal for each bad one."""

from collections.abc import Callable, Sequence, Set
from typing import Any, NamedTuple

import msgspec

from flowguard.events.contract import (
    UNDECODABLE,
    Refusal,
    check_bytes,
    control_character,
    explain,
    read_click,
    read_order,
)
from flowguard.events.model import Click, Impression, OrderPlaced, OrderRefunded

_encode_lines = msgspec.json.Encoder().encode_lines
_read_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_NUL = b"\\u0000"


class Contract(NamedTuple):
    """How the records of a topic are read: ``strict`` also refuses unknown fields, which ``tolerant`` ignores."""

    strict: Callable[[Any], Any]
    tolerant: Callable[[bytes], Any]
    fields: frozenset[str]


class Read(NamedTuple):
    """What a block holds. ``lines`` are the good records as canonical JSON, one per line and in order.

    ``unknown`` counts each good record's unknown fields (None: no record has any); ``refused`` tells why, by index.
    """

    lines: bytes
    unknown: list[int] | None
    refused: dict[int, Refusal]


def _contract(tolerant: Callable[[bytes], Any], *types: type[msgspec.Struct]) -> Contract:
    strict = tuple(
        msgspec.defstruct(
            kind.__name__, [], bases=(kind,), tag=kind.__struct_config__.tag, forbid_unknown_fields=True, gc=False
        )
        for kind in types
    )
    fields = frozenset(types[0].__struct_fields__) | {"event_type"}
    return Contract(msgspec.json.Decoder(strict[0] | strict[1]).decode, tolerant, fields)


ORDER_CONTRACT = _contract(read_order, OrderPlaced, OrderRefunded)
CLICK_CONTRACT = _contract(read_click, Impression, Click)


def read_block(contract: Contract, values: Sequence[bytes | None]) -> Read:
    """Read a block at once; only a block that has something unusual is gone through record by record.

    Each record is decoded on its own, so that a broken one cannot spill into its neighbour, and by one parser only,
    so that what was checked is what is stored: parsers differ on repeated keys, big numbers and lone surrogates.
    """
    try:
        lines = _encode_lines(list(map(contract.strict, values)))
    except (*UNDECODABLE, TypeError):
        return _read_one_by_one(contract, values)
    return _read_one_by_one(contract, values) if _NUL in lines else Read(lines, None, {})


def _read_one_by_one(contract: Contract, values: Sequence[bytes | None]) -> Read:
    good, unknown, refused = [], [], {}
    for index, value in enumerate(values):
        try:
            event, fields = _read_one(contract, value or b"")
        except UNDECODABLE as error:
            refused[index] = explain(error)
            continue
        if refusal := control_character(event):
            refused[index] = refusal
            continue
        good.append(event)
        unknown.append(len(fields - contract.fields))
    return Read(_encode_lines(good), unknown, refused)


def _read_one(contract: Contract, value: bytes) -> tuple[Any, Set[str]]:
    """The event and the names of all its fields; raises one of `UNDECODABLE`."""
    check_bytes(value)
    return contract.tolerant(value), _read_fields(value).keys()
