"""What the SQL of the models depends on besides its scope: a few settings."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True)
class Parameters:
    """See the settings of the same names."""

    duplicate_window: timedelta
    attribution_window: timedelta
    attribution_models: tuple[str, ...]
