"""Settings that cannot be: each is refused with its name and the reason."""

import pytest

from flowguard.errors import InvalidSettings
from flowguard.settings import PREFIX, load_settings


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ATTRIBUTION_WINDOW", "00:00:00.5", "whole seconds"),
        ("ATTRIBUTION_WINDOW", "-00:30:00", "greater than or equal"),
        ("DUPLICATE_WINDOW", "00:00:00.1", "whole seconds"),
        ("ATTRIBUTION_MODELS", "first_click", "last_click is always needed"),
        ("ATTRIBUTION_MODELS", "last_click,linear", "last_click"),
        ("PUBLISHED_MODELS", "linear", "last_click"),
    ],
)
def test_what_cannot_be_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str) -> None:
    monkeypatch.setenv(f"{PREFIX}{name}", value)
    with pytest.raises(InvalidSettings, match=f"(?s){name}.*{reason}"):
        load_settings()


def test_only_what_is_attributed_can_be_published(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}ATTRIBUTION_MODELS", "last_click")
    monkeypatch.setenv(f"{PREFIX}PUBLISHED_MODELS", "last_click, first_click")
    with pytest.raises(InvalidSettings, match="first_click is not among FLOWGUARD_ATTRIBUTION_MODELS"):
        load_settings()


def test_models_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}PUBLISHED_MODELS", "first_click, last_click")
    assert load_settings().published_models == ("first_click", "last_click")
