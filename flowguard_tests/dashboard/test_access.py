"""Who may look: nothing but the question after its health is answered to others."""

from pathlib import Path

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from flowguard.dashboard import access
from flowguard.settings import load_settings

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def echo(socket: WebSocket) -> None:
    await socket.accept()
    await socket.send_text("figures")
    await socket.close()


def client(home: Path, **given: object) -> TestClient:
    async def figures(request: object) -> PlainTextResponse:
        return PlainTextResponse("figures")

    app = Starlette(routes=[WebSocketRoute("/stream", echo), Route("/{path:path}", figures)])
    return TestClient(access.Access(app, load_settings(home, **given)), follow_redirects=False)  # type: ignore[arg-type]


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(access, "WRONG_SECONDS", 0)
    return client(tmp_path, dashboard_password=SecretStr("pässword & more"))


def test_it_is_open_where_nothing_is_set(tmp_path: Path) -> None:
    assert client(tmp_path).get("/flow").text == "figures"


def test_a_password_is_asked_for(locked: TestClient) -> None:
    for path in ("/", "/flow", "/media/x.csv", "/_stcore/host-config"):
        answer = locked.get(path)
        assert answer.status_code == 401 and "figures" not in answer.text
    assert locked.get(access.HEALTH).text == "figures"
    with pytest.raises(WebSocketDisconnect), locked.websocket_connect("/stream"):
        pass


@pytest.mark.parametrize("given", ["", "wrong", "pässword", "x" * 5_000])
def test_a_wrong_one_opens_nothing(locked: TestClient, given: str) -> None:
    answer = locked.post("/flow", data={"password": given})
    assert answer.status_code == 401 and "not the password" in answer.text and not answer.cookies


def test_the_right_one_leads_back_to_where_one_was(locked: TestClient) -> None:
    answer = locked.post("/flow?period=7+days", data={"password": "pässword & more"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/flow?period=7+days")
    assert "httponly" in answer.headers["set-cookie"].lower() and "password" not in answer.headers["set-cookie"]
    assert locked.get("/flow").text == "figures"
    with locked.websocket_connect("/stream") as socket:
        assert socket.receive_text() == "figures"


def test_it_leads_to_no_other_host(locked: TestClient) -> None:
    answer = locked.post("http://testserver//elsewhere.example/", data={"password": "pässword & more"})
    assert answer.headers["location"].startswith("/elsewhere.example/")


def test_a_forged_cookie_opens_nothing(locked: TestClient) -> None:
    locked.cookies.set(access.COOKIE, "0" * 64)
    assert locked.get("/").status_code == 401


def test_a_proxy_has_to_name_the_user(tmp_path: Path) -> None:
    behind = client(tmp_path, dashboard_user_header="X-Forwarded-User")
    assert behind.get("/").status_code == 401
    assert behind.get("/", headers={"X-Forwarded-User": "ann"}).text == "figures"
