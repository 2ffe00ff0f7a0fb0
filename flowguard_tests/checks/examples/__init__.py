"""What breaks each check, one thing at a time, in the world of `world.py`: and which rows fail then, of which day.

An example without failing rows is one that looks wrong and is not.
"""

from flowguard_tests.checks.examples import anomalies, flow, gold, rows, silver
from flowguard_tests.checks.examples.example import Example

EXAMPLES: tuple[Example, ...] = (
    *rows.examples(),
    *flow.examples(),
    *silver.of_bronze(),
    *silver.of_identity(),
    *silver.of_attribution(),
    *gold.examples(),
    *anomalies.volumes(),
    *anomalies.conversions(),
    *anomalies.shares(),
    *anomalies.quarantined(),
)
