"""Settings that cannot be: each is refused with its name and the reason."""

import os

import pytest

from flowguard.errors import InvalidSettings
from flowguard.settings import PREFIX, as_environment, load_settings


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("ATTRIBUTION_WINDOW", "00:00:00.5", "whole seconds"),
        ("ATTRIBUTION_WINDOW", "-00:30:00", "greater than or equal"),
        ("DUPLICATE_WINDOW", "00:00:00.1", "whole seconds"),
        ("ATTRIBUTION_MODELS", "first_click", "last_click is always needed"),
        ("ATTRIBUTION_MODELS", "last_click,linear", "last_click"),
        ("PUBLISHED_MODELS", "linear", "last_click"),
        ("OWNER", "the data team", "neither a team"),
        ("WEBSERVER_URL", "dagster.example.com", "not an address"),
        ("ALERT_REPEAT", "-PT1H", "greater than or equal"),
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


def test_urls_of_receivers_are_separated_by_commas_and_are_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}ALERT_URLS", "mailto://a:b@example.com?to=c@example.com,d@example.com, json://h/x ")
    settings = load_settings()
    assert [url.get_secret_value() for url in settings.alert_urls] == [
        "mailto://a:b@example.com?to=c@example.com,d@example.com",
        "json://h/x",
    ]
    assert "example" not in str(settings.model_dump(mode="json")["alert_urls"])
    assert as_environment(settings).get(f"{PREFIX}ALERT_URLS", "") == os.environ[f"{PREFIX}ALERT_URLS"]
    monkeypatch.setenv(f"{PREFIX}ALERT_URLS", "a-secret, json://h/x")
    with pytest.raises(InvalidSettings, match=r"ALERT_URLS=\*\*\*\*: .*number 1 is no URL") as refused:
        load_settings()
    assert "a-secret" not in str(refused.value)


def test_links_begin_where_people_reach_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_settings().webserver_page == "http://127.0.0.1:3000"
    monkeypatch.setenv(f"{PREFIX}WEBSERVER_URL", "https://dagster.example.com/")
    assert load_settings().webserver_page == "https://dagster.example.com"
