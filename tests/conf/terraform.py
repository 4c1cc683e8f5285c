"""Reads Terraform files by python-hcl2: what they declare, and the references in their values.

Nothing is evaluated. The parser gives expressions as texts in `${}` and strings with their quotes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import hcl2

FOLDER = Path(__file__).resolve().parents[2] / "conf" / "aws"
# A name and what follows it: `var`, `.name`; `aws_subnet`, `.private[*].id`.
NAME = re.compile(r"(?<![\w.\-])([A-Za-z_][\w-]*)((?:\.[A-Za-z_*][\w-]*|\.\*|\[[^\[\]]*(?:\[[^\[\]]*\][^\[\]]*)*\])*)")
BOUND = re.compile(r"\bfor\s+(\w+)(?:\s*,\s*(\w+))?\s+in\b")


@dataclass(frozen=True)
class Instance:
    """A resource or a data source: its type as in the schema, its name, and what it holds."""

    type: str
    name: str
    body: dict[str, Any]

    @property
    def address(self) -> str:
        return f"{self.type}.{self.name}"


@dataclass(frozen=True)
class Module:
    """All files of a folder: what they declare, by kind; `repeated` are declarations that stand there twice."""

    instances: tuple[Instance, ...]
    variables: dict[str, Any]
    locals: dict[str, Any]
    outputs: dict[str, Any]
    others: tuple[Any, ...]
    repeated: tuple[str, ...]


def plain(value: Any) -> Any:
    """Return what the parser gives with quotes taken from names, and without its own marks."""
    if isinstance(value, dict):
        return {k.strip('"'): plain(v) for k, v in value.items() if not k.startswith("__")}
    return [plain(item) for item in value] if isinstance(value, list) else value


@cache
def parsed(text: str) -> dict[str, Any]:
    """Return what a file holds; parsing is what takes time, so nothing is parsed twice."""
    return dict(plain(hcl2.loads(text)))


def read(folder: Path) -> Module:
    """Return what the `.tf` files of a folder declare."""
    instances, others, repeated = [], [], []
    named: dict[str, dict[str, Any]] = {"variable": {}, "locals": {}, "output": {}}

    def declare(kind: str, name: str, body: Any) -> None:
        if name in named[kind]:
            repeated.append(f"{kind} {name}")
        named[kind][name] = body

    for path in sorted(folder.glob("*.tf")):
        for kind, blocks in parsed(path.read_text("utf-8")).items():
            for block in blocks:
                if kind in ("resource", "data"):
                    prefix = "data." if kind == "data" else ""
                    instances += [Instance(prefix + t, n, b) for t, names in block.items() for n, b in names.items()]
                elif kind in named:
                    for name, body in block.items():
                        declare(kind, name, body)
                else:
                    others.append(block)
    addresses = [instance.address for instance in instances]
    repeated += sorted({address for address in addresses if addresses.count(address) > 1})
    return Module(tuple(instances), named["variable"], named["locals"], named["output"], tuple(others), tuple(repeated))


def texts(value: Any) -> Iterator[str]:
    """Yield every text in a value; of the names in it those alone that are expressions."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (name for name in value if "${" in name)
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


def code(text: str) -> str:
    """Return the expressions of a text as the parser gives it, with what its strings say taken out."""
    out: list[str] = []
    # Of each string or template that is open: the depth of braces in its expression, or None.
    inside: list[int | None] = []
    position = 0
    while position < len(text):
        character = text[position]
        is_literal = bool(inside) and inside[-1] is None
        if is_literal and character == "\\":
            position += 1
        elif is_literal and text.startswith("${", position) and not text.startswith("$${", position - 1):
            inside.append(0)
            out.append(" ")
            position += 1
        elif character == '"':
            inside.pop() if is_literal else inside.append(None)
            out.append('"')
        elif not is_literal:
            depth = inside[-1] if inside else None
            if depth is not None and character in "{}":
                inside[-1] = depth = depth + (1 if character == "{" else -1)
            if depth is not None and depth < 0:
                inside.pop()
            out.append(character)
        position += 1
    return "".join(out)


def references(value: Any) -> Iterator[tuple[str, str]]:
    """Yield root and path of every reference in a value, such as `var` and `.name`; of a function the name and `(`."""
    for text in texts(value):
        expression = code(text)
        bound = {name for match in BOUND.findall(expression) for name in match}
        yield from ((root, path) for root, path in _names(expression) if root not in bound)


def _names(expression: str) -> Iterator[tuple[str, str]]:
    for match in NAME.finditer(expression):
        is_function = not match[2] and expression[match.end() :].startswith("(")
        yield match[1], "(" if is_function else match[2]
        for index in re.findall(r"\[([^\]]+)\]", match[2]):
            yield from _names(index)
