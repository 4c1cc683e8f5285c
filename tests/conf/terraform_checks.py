"""What is wrong with Terraform files, as far as it can be known without a provider.

Told are references that lead nowhere, declarations that nothing uses, and arguments and blocks that the provider's
schema (`provider_schema.json`) does not know, misses, or has with another type. A value that is an expression has any
type, and what lies below an attribute of a resource is not followed.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from terraform import Instance, Module, references

SCHEMA_FILE = Path(__file__).resolve().parent / "provider_schema.json"
# What Terraform itself takes in every resource.
META = {"count", "for_each", "depends_on", "provider", "lifecycle"}
LIFECYCLE = {"create_before_destroy", "prevent_destroy", "ignore_changes", "replace_triggered_by", "precondition"}
# Roots of a reference that are no declarations.
GIVEN = {"each", "path", "count", "self", "terraform"}
# Another name before a bracket is a typing error, or is added here after a look into Terraform's list of functions.
FUNCTIONS = {
    *("alltrue", "can", "cidrsubnet", "concat", "contains", "file", "join", "jsondecode", "jsonencode", "keys"),
    *("length", "merge", "regex", "replace", "split", "startswith", "templatefile", "toset", "values"),
}


def schema() -> dict[str, Any]:
    """Return the reduced schema by type."""
    return dict(json.loads(SCHEMA_FILE.read_text("utf-8"))["types"])


def wrong_arguments(instance: Instance, types: dict[str, Any]) -> list[str]:
    """Return what the schema does not allow in a resource or data source, each as a sentence."""
    known = types.get(instance.type)
    if known is None:
        return [f"{instance.address}: {instance.type} is not in provider_schema.json: make that anew"]
    body = {name: value for name, value in instance.body.items() if name not in META}
    found = [f"{instance.address}: lifecycle has no {name}" for name in _lifecycle(instance) - LIFECYCLE]
    return found + list(_wrong(instance.address, body, known))


def _lifecycle(instance: Instance) -> set[str]:
    return {name for block in instance.body.get("lifecycle", []) for name in block}


def _wrong(where: str, body: dict[str, Any], known: dict[str, Any]) -> Iterator[str]:
    arguments, blocks, attributes = known["arguments"], known.get("blocks", {}), known.get("attributes", ())
    contents: dict[str, list[Any]] = {}
    for name, value in body.items():
        if name == "dynamic":
            for dynamic in value:
                for block, inner in dynamic.items():
                    contents.setdefault(block, []).extend(inner["content"])
        elif name in blocks:
            if not isinstance(value, list):
                yield f"{where}: {name} is a block, without an equals sign"
            contents.setdefault(name, []).extend(value if isinstance(value, list) else [])
        elif name in attributes:
            yield f"{where}: {name} is computed, nobody can set it"
        elif name not in arguments:
            yield f"{where}: there is no argument {name}"
        elif not _is_a(value, arguments[name].rstrip("!")):
            yield f"{where}: {name} is to be a {arguments[name].rstrip('!')}"
    yield from (f"{where}: there is no block {name}" for name in contents if name not in blocks)
    required = [name for name, kind in arguments.items() if kind.endswith("!")]
    required += [name for name, block in blocks.items() if block["required"]]
    yield from (f"{where}: {name} is missing" for name in required if name not in body and name not in contents)
    for name, inner in contents.items():
        if name in blocks:
            if len(inner) > 1 and not blocks[name]["many"] and "dynamic" not in body:
                yield f"{where}: {name} may stand there once"
            for content in inner:
                yield from _wrong(f"{where}.{name}", content, blocks[name])


def _is_a(value: Any, kind: str) -> bool:
    """Tell whether a value may be of a kind; an expression may be of any, and a number or bool may stand for a text."""
    if kind == "any" or (isinstance(value, str) and value.startswith("${")):
        return True
    if isinstance(value, bool | int | float):
        return kind in ("string", "bool" if isinstance(value, bool) else "number")
    kinds: dict[type, str] = {str: "string", list: "list", dict: "map"}
    return kinds[type(value)] == kind


def wrong_references(module: Module, types: dict[str, Any]) -> list[str]:
    """Return the references that lead nowhere, the functions that Terraform lacks, and what nothing refers to."""
    instances = {instance.address: instance for instance in module.instances}
    declared = {
        *(f"var.{name}" for name in module.variables),
        *(f"local.{name}" for name in module.locals),
        *(address for address in instances if address.startswith("data.")),
    }
    found, used = [], set()
    for where, value in _places(module):
        iterators = set(_iterators(value))
        for root, path in references(value):
            name = ".".join([root, *re.findall(r"\.([\w-]+)", path)[: 2 if root == "data" else 1]])
            used |= {name} - {where}
            if path == "(":
                found += [f"{where}: {root} is no function of Terraform"] * (root not in FUNCTIONS)
            elif root in ("var", "local"):
                found += [f"{where}: {name} is not declared"] * (name not in declared)
            elif root.startswith("aws_") or root == "data":
                found += _wrong_attribute(where, name, path, instances, types)
            elif path.startswith(".") and root not in GIVEN | iterators:
                found.append(f"{where}: {root}{path} refers to nothing")
    return found + [f"{name} is used nowhere" for name in sorted(declared - used)]


def _places(module: Module) -> Iterator[tuple[str, Any]]:
    yield from ((instance.address, instance.body) for instance in module.instances)
    yield from ((f"local.{name}", value) for name, value in module.locals.items())
    yield from ((f"output.{name}", value) for name, value in module.outputs.items())
    yield from ((f"var.{name}", body.get("validation", [])) for name, body in module.variables.items())
    yield from (("provider or terraform", block) for block in module.others)


def _iterators(value: Any) -> Iterator[str]:
    """Yield the names of the dynamic blocks in a value: each is the iterator in its content."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name == "dynamic":
                yield from (block for dynamic in item for block in dynamic)
            yield from _iterators(item)
    elif isinstance(value, list):
        for item in value:
            yield from _iterators(item)


def _wrong_attribute(
    where: str, address: str, path: str, instances: dict[str, Instance], types: dict[str, Any]
) -> Iterator[str]:
    instance = instances.get(address)
    if instance is None:
        yield f"{where}: {address} is not declared"
        return
    rest = path.split(f".{instance.name}", 1)[1]
    is_many = bool({"for_each", "count"} & set(instance.body))
    if rest.startswith("[") and not is_many:
        yield f"{where}: {address} is one, and takes no index"
    elif rest.startswith(".") and is_many:
        yield f"{where}: {address} is many, and needs an index"
    attribute = re.match(r"(?:\[.*?\])?\.([\w-]+)", rest)
    known = types.get(instance.type, {})
    given = {*known.get("arguments", ()), *known.get("blocks", ()), *known.get("attributes", ())}
    if attribute and attribute[1] not in given:
        yield f"{where}: {instance.type} has no attribute {attribute[1]}"
