"""fakesnow's server, run in its own environment, with one fault of it mended: every NULL timestamp left it as 1970.

It builds a timestamp's two numbers without telling which rows are NULL; Snowflake tells, and the connector looks.
"""

import sys

import fakesnow.arrow
import fakesnow.cli
import pyarrow

_unmended = fakesnow.arrow.timestamp_to_sf_struct


def _with_nulls(times: pyarrow.ChunkedArray) -> pyarrow.StructArray:
    struct = _unmended(times)
    parts = [struct.field(number) for number in range(struct.type.num_fields)]
    return pyarrow.StructArray.from_arrays(parts, names=[part.name for part in struct.type], mask=_nulls(times))


def _nulls(times: pyarrow.ChunkedArray) -> pyarrow.BooleanArray:
    return times.combine_chunks().is_null()


if __name__ == "__main__":
    fakesnow.arrow.timestamp_to_sf_struct = _with_nulls
    sys.exit(fakesnow.cli.main())
