"""The description of the interface, made from the types that implement it."""

from importlib.metadata import version
from typing import Any

from msgspec.json import schema_components

from flowguard.events.model import Event
from flowguard.gateway import answer, sessions
from flowguard.gateway.answer import Answer
from flowguard.gateway.menu import Menu
from flowguard.gateway.seen import Seen
from flowguard.gateway.sessions import Problem

_REFERENCE = "#/components/schemas/{name}"
_WITH_RETRY_AFTER = {429, 503}
_SECURITY: list[dict[str, list[str]]] = [{}, {"key": []}, {"bearer": []}]


def openapi() -> dict[str, Any]:
    """An OpenAPI 3.1 document."""
    types = (Event, Answer, Menu, Seen, Problem)
    (event, settled, menu, seen, problem), components = schema_components(types, ref_template=_REFERENCE)
    components["Event"] = event
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "FlowGuard gateway",
            "version": version("flowguard"),
            "description": "Events in, one at a time or in batches. The answer comes after Kafka has acknowledged. "
            "A session that knows its own id sees what became of its events.",
        },
        "paths": {
            "/v1/events": {"post": _post_events(settled)},
            sessions.PATH: {"get": _get_session(seen, problem)},
            "/v1/menu": {"get": _get("What the shop sells", {"application/json": {"schema": menu}})},
            "/health/live": {"get": _get("The process runs")},
            "/health/ready": {"get": _get("Kafka answers and has the topics", unready=True)},
            "/metrics": {"get": _get("Counters in Prometheus' text format", {"text/plain": {}})},
        },
        "components": {
            "schemas": components,
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _post_events(settled: dict[str, Any]) -> dict[str, Any]:
    one = {"$ref": _REFERENCE.format(name="Event")}
    many = {"type": "array", "items": one}
    batch = {"type": "object", "required": ["events"], "properties": {"events": many}}
    return {
        "summary": 'Send one event, an array of events, or {"events": [\u2026]}',
        "security": _SECURITY,
        "requestBody": {"required": True, "content": {"application/json": {"schema": {"anyOf": [one, many, batch]}}}},
        "responses": {str(status): _response(status, text, settled) for status, text in answer.STATUS_CODES.items()},
    }


def _get_session(seen: dict[str, Any], problem: dict[str, Any]) -> dict[str, Any]:
    return {
        "summary": "What is in the tables of one session's events",
        "security": _SECURITY,
        "parameters": [
            {"name": "session_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
        ],
        "responses": {
            str(status): _response(status, text, seen if status == 200 else problem)
            for status, text in sessions.STATUS_CODES.items()
        },
    }


def _response(status: int, text: str, schema: dict[str, Any]) -> dict[str, Any]:
    response: dict[str, Any] = {"description": text, "content": {"application/json": {"schema": schema}}}
    if status in _WITH_RETRY_AFTER:
        response["headers"] = {"Retry-After": {"description": "Seconds", "schema": {"type": "integer"}}}
    return response


def _get(summary: str, content: dict[str, Any] | None = None, unready: bool = False) -> dict[str, Any]:
    good: dict[str, Any] = {"description": summary, "content": content or {"application/json": {}}}
    responses = {"200": good}
    if unready:
        responses["503"] = {"description": "It does not; the answer says why"}
    return {"summary": summary, "responses": responses}
