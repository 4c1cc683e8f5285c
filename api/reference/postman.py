"""The Postman collection, made from the OpenAPI document; format: schema.getpostman.com, collection v2.1.0."""

from typing import Any

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
# Keeps the pair of the answer, so that every other request carries the token.
KEEP = [
    "const pair = pm.response.json();",
    "pm.test('a pair of tokens', () => pm.expect(pair).to.have.keys('access', 'refresh'));",
    "pm.collectionVariables.set('access', pair.access);",
    "pm.collectionVariables.set('refresh', pair.refresh);",
]
BODIES = {
    "/api/token/": '{"username": "{{username}}", "password": "{{password}}"}',
    "/api/token/refresh/": '{"refresh": "{{refresh}}"}',
    "/api/token/logout/": '{"refresh": "{{refresh}}"}',
}


def collection(document: dict[str, Any]) -> dict[str, Any]:
    """Return the collection: a folder per tag, the login first; its variables hold address, name and tokens."""
    folders: dict[str, list[dict[str, Any]]] = {"tokens": []}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            folders.setdefault(operation["tags"][0], []).append(_item(path, method, operation))
    variables = {"url": "http://127.0.0.1:8000", "username": "demo", "password": "", "access": "", "refresh": ""}
    return {
        "info": {
            "name": document["info"]["title"],
            "description": "Set `password` (make demo keeps it in build/demo.json), send `log in`, then any other.",
            "schema": SCHEMA,
        },
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{access}}", "type": "string"}]},
        "variable": [{"key": key, "value": value, "type": "string"} for key, value in variables.items()],
        "item": [{"name": name, "item": items} for name, items in folders.items()],
    }


def _item(path: str, method: str, operation: dict[str, Any]) -> dict[str, Any]:
    parts = [f":{part[1:-1]}" if part.startswith("{") else part for part in path.strip("/").split("/")]
    parameters = operation.get("parameters", [])
    request: dict[str, Any] = {
        "method": method.upper(),
        "description": operation.get("description", ""),
        "url": {
            "raw": "{{url}}/" + "/".join(parts) + "/",
            "host": ["{{url}}"],
            "path": [*parts, ""],
            "query": [_query(p) for p in parameters if p["in"] == "query"],
            "variable": [{"key": p["name"], "value": str(_example(p))} for p in parameters if p["in"] == "path"],
        },
    }
    item: dict[str, Any] = {"name": operation["operationId"].replace("_", " "), "request": request}
    if not any(operation.get("security", [])):
        request["auth"] = {"type": "noauth"}
    if path in BODIES:
        request["header"] = [{"key": "Content-Type", "value": "application/json"}]
        request["body"] = {"mode": "raw", "raw": BODIES[path], "options": {"raw": {"language": "json"}}}
    if path in ("/api/token/", "/api/token/refresh/"):
        item["event"] = [{"listen": "test", "script": {"type": "text/javascript", "exec": KEEP}}]
    return item


def _query(parameter: dict[str, Any]) -> dict[str, Any]:
    """Return a query parameter, switched off unless the route needs it."""
    return {
        "key": parameter["name"],
        "value": str(_example(parameter)),
        "description": parameter.get("description", ""),
        "disabled": not parameter.get("required", False),
    }


def _example(parameter: dict[str, Any]) -> object:
    examples = parameter.get("examples") or {}
    first: dict[str, Any] = next(iter(examples.values()), {})
    return first.get("value", parameter.get("example", parameter.get("schema", {}).get("default", "")))
