"""Reduces the schema of Terraform's AWS provider to the types that conf/aws uses: `provider_schema.json`.

The provider itself is not to be had offline; the argument schema of its version 6.25.0 is in an npm package:

    npm pack @cdktf/provider-aws@21.22.1 && tar xzf cdktf-provider-aws-21.22.1.tgz package/.jsii
    PYTHONPATH=tests/conf python tests/conf/provider_schema.py package/.jsii > tests/conf/provider_schema.json

What a type takes is in its `…Config` interface, whose documentation links each property to Terraform's name for it;
what it only gives is among the properties of its class. The links also tell a block from an argument.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import terraform

PREFIX = "@cdktf/provider-aws."
VERSION = re.compile(r"providers/hashicorp/aws/([\d.]+)/docs")
LINK = re.compile(r"docs/(?:resources|data-sources)/\w+#(\w+) ")
TYPE = re.compile(r"docs/(resources|data-sources)/\w+ (aws_\w+)\}")
# The manifest gives every resource an argument `id`, and says itself that few can be given one.
ADDED = "id field is automatically added"
# Of every class, and no attribute of the provider.
FOREIGN = {"tfResourceType"}

Types = dict[str, dict[str, Any]]


def words(entry: dict[str, Any]) -> str:
    """Return the documentation of an entry of the manifest."""
    docs = entry.get("docs", {})
    return f"{docs.get('summary', '')} {docs.get('remarks', '')}"


def snake(name: str) -> str:
    """Return Terraform's form of a name in camel case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def kind(type_: dict[str, Any]) -> str:
    """Return string, number, bool, list, map or any for a type of the manifest."""
    if "union" in type_:
        kinds = {kind(t) for t in type_["union"]["types"] if t.get("fqn") != "cdktf.IResolvable"}
        return kinds.pop() if len(kinds) == 1 else "any"
    if "collection" in type_:
        return "list" if type_["collection"]["kind"] == "array" else "map"
    return {"boolean": "bool", "string": "string", "number": "number"}.get(type_.get("primitive", ""), "any")


def block_of(type_: dict[str, Any]) -> tuple[str, bool]:
    """Return the interface of a block's content, and whether the block may stand there more than once."""
    for option in type_.get("union", {}).get("types", [type_]):
        if "collection" in option:
            return block_of(option["collection"]["elementtype"])[0], True
        if option.get("fqn", "").startswith(PREFIX):
            return option["fqn"], False
    return "", False


def content(types: Types, interface: str) -> dict[str, Any]:
    """Return the arguments and blocks of an interface: `arguments` by name as kind, `!` behind where required."""
    arguments, blocks = {}, {}
    for entry in types[interface].get("properties", []):
        link = LINK.search(words(entry))
        name = link[1] if link else snake(entry["name"])
        required = not entry.get("optional", False)
        inner, many = block_of(entry["type"])
        if inner and f"{name} block" in words(entry):
            blocks[name] = {"required": required, "many": many, **content(types, inner)}
        else:
            arguments[name] = kind(entry["type"]) + "!" * required
    return {"arguments": arguments} | ({"blocks": blocks} if blocks else {})


def taken(types: Types, name: str) -> dict[str, Any]:
    """Return what a class takes: the content of its interface, without the argument that the manifest adds."""
    found = content(types, f"{name}Config")
    added = [p["name"] for p in types[f"{name}Config"]["properties"] if ADDED in words(p)]
    found["arguments"] = {n: kind for n, kind in found["arguments"].items() if n not in added}
    return found


def attributes(types: Types, name: str, inputs: dict[str, Any]) -> list[str]:
    """Return what a class gives and does not take, such as `arn`."""
    found = {snake(p["name"]) for p in types[name].get("properties", []) if p["name"] not in FOREIGN}
    given = {attribute for attribute in found if not attribute.endswith("_input")}
    return sorted(given - set(inputs["arguments"]) - set(inputs.get("blocks", ())))


def reduced(manifest: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    """Return the schema of the wanted types, `aws_s3_bucket` or `data.aws_region`, and the provider's version."""
    types: Types = manifest["types"]
    found: dict[str, Any] = {}
    versions = set()
    for name, entry in types.items():
        match = TYPE.search(words(entry)) if entry.get("kind") == "class" else None
        if match is None or f"{name}Config" not in types:
            continue
        title = match[2] if match[1] == "resources" else f"data.{match[2]}"
        if title in wanted:
            inputs = taken(types, name)
            found[title] = inputs | {"attributes": attributes(types, name, inputs)}
            versions.add(VERSION.search(words(entry))[1])  # type: ignore[index]
    if missing := wanted - set(found):
        sys.exit(f"The provider has no {', '.join(sorted(missing))}: correct the name in conf/aws.")
    return {"version": ".".join(versions), "types": dict(sorted(found.items()))}


def main() -> None:
    """Print the reduced schema of the manifest that is given."""
    manifest = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    wanted = {block.type for block in terraform.read(terraform.FOLDER).instances}
    found = reduced(manifest, wanted)
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(type_)}" for name, type_ in found["types"].items())
    sys.stdout.write(f'{{\n "version": {json.dumps(found["version"])},\n "types": {{\n{lines}\n }}\n}}\n')


if __name__ == "__main__":
    main()
