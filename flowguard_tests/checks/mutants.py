"""Checks with one rule less: each is a check that somebody could have written by mistake."""

import re
from collections.abc import Iterator
from dataclasses import replace

import sqlglot
from sqlglot import exp

from flowguard.checks.check import Check

_PLACEHOLDER = re.compile(r"\$\w+(?:\([^)]*\))?")
_STANDS_FOR_ONE = re.compile(r"PLACEHOLDER_(\d+)\(\)", re.IGNORECASE)


def mutants(check: Check) -> Iterator[tuple[str, Check]]:
    """Each part of a condition left out, each end of a range, each branch of a CASE; with what was left out."""
    placeholders: list[str] = []

    def remembered(found: re.Match[str]) -> str:
        placeholders.append(found[0])
        return f"PLACEHOLDER_{len(placeholders) - 1}()"

    def restored(tree: exp.Expression) -> str:
        return _STANDS_FOR_ONE.sub(lambda found: placeholders[int(found[1])], tree.sql("duckdb"))

    tree = sqlglot.parse_one(_PLACEHOLDER.sub(remembered, check.sql), read="duckdb")
    for left_out, text in simpler(tree):
        yield restored(left_out), replace(check, sql=restored(text))


def simpler(tree: exp.Expression) -> Iterator[tuple[exp.Expression, exp.Expression]]:
    """What may be left out of a query or a condition, and what it is without."""
    for number, node in enumerate(tree.walk()):
        for left_out, instead in _simpler(node):
            copy = tree.copy()
            found = list(copy.walk())[number]
            if instead is None:
                found.pop()
            elif found is copy:
                copy = instead.copy()
            else:
                found.replace(instead.copy())
            yield left_out, copy


def _simpler(node: exp.Expression) -> Iterator[tuple[exp.Expression, exp.Expression | None]]:
    """What may be left out of a node, and what it is without; None: nothing."""
    match node:
        case exp.And() | exp.Or():
            yield node.left, node.right
            yield node.right, node.left
        case exp.Where() | exp.Having() if not isinstance(node.this, exp.And | exp.Or):
            yield node, None
        case exp.Between():
            yield node.args["low"], exp.LTE(this=node.this, expression=node.args["high"])
            yield node.args["high"], exp.GTE(this=node.this, expression=node.args["low"])
        case exp.If() if isinstance(node.parent, exp.Case):
            yield node, None
