"""The checks of conf/aws find what is wrong: in copies of it that are broken in one place each, and in small texts."""

from pathlib import Path
from typing import Any

import provider_schema
import pytest
import terraform
import terraform_checks
import terraform_format

SCHEMA = terraform_checks.schema()

# What is replaced, by what, and what is to be told of it.
BROKEN = {
    "an argument that is not there": (
        "  enable_dns_support   = true\n",
        "  enable_dns_suport    = true\n",
        "no argument enable_dns_suport",
    ),
    "a block that is not there": ("  metadata_options {", "  metadata_option {", "no argument metadata_option"),
    "a dynamic block that is not there": ('dynamic "columns"', 'dynamic "column"', "no block column"),
    "a missing argument": ('  kafka_version          = "4.1.x.kraft"\n', "", "kafka_version is missing"),
    "a missing block": (
        '  versioning_configuration {\n    status = "Enabled"\n  }\n',
        "",
        "versioning_configuration is missing",
    ),
    "a computed attribute": ("  enable_key_rotation = true\n", '  key_id              = "x"\n', "key_id is computed"),
    "another type": ("number_of_broker_nodes = 3", 'number_of_broker_nodes = "three"', "is to be a number"),
    "a block twice": (
        "  auto_start_configuration {",
        "  auto_stop_configuration {",
        "auto_stop_configuration may stand there once",
    ),
    "a block as a value": ("  metadata_options {", "  metadata_options = {", "metadata_options is a block"),
    "a type that is not there": ('"aws_kms_alias" "lake"', '"aws_kms_name" "lake"', "aws_kms_name is not in"),
    "a variable that is not there": ("var.vpc_cidr\n", "var.vpc_range\n", "var.vpc_range is not declared"),
    "a variable in a text": ('"alias/${var.name}"', '"alias/${var.nane}"', "var.nane is not declared"),
    "a local that is not there": ("local.lakehouse_url\n", "local.lake_url\n", "local.lake_url is not declared"),
    "a resource that is not there": (
        "aws_kms_key.lake.arn\n",
        "aws_kms_key.lakes.arn\n",
        "aws_kms_key.lakes is not declared",
    ),
    "data that is not there": ("document.key.json", "document.keys.json", "document.keys is not declared"),
    "an attribute that is not there": ("aws_kms_key.lake.key_id", "aws_kms_key.lake.keyid", "has no attribute keyid"),
    "one of many": ('aws_s3_bucket.lake["work"].arn', "aws_s3_bucket.lake.arn", "is many, and needs an index"),
    "one that is not many": ("aws_vpc.lake.id\n", "aws_vpc.lake[0].id\n", "is one, and takes no index"),
    "another root": ("= each.value.location\n", "= eech.value.location\n", "eech.value.location refers to nothing"),
    "a function that is not there": ("jsondecode(", "json_decode(", "json_decode is no function"),
    "a variable that nothing uses": (
        "var.athena_cutoff_gib * 1073741824",
        "1073741824",
        "var.athena_cutoff_gib is used nowhere",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_copy_is_found(case: str, tmp_path: Path) -> None:
    good, bad, message = BROKEN[case]
    count = 0
    for path in terraform.FOLDER.glob("*.tf"):
        text = path.read_text("utf-8")
        count += good in text
        (tmp_path / path.name).write_text(text.replace(good, bad, 1), "utf-8")
    assert count, "the files do not hold what is to be broken"
    broken = terraform.read(tmp_path)
    wrong = [w for instance in broken.instances for w in terraform_checks.wrong_arguments(instance, SCHEMA)]
    assert message in "\n".join(wrong + terraform_checks.wrong_references(broken, SCHEMA))


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ('"text.of var.a"', []),
        ('"x-${var.a}-var.b"', ["var.a"]),
        ('"$${var.a}"', []),
        ('"a\\"${var.a}"', ["var.a"]),
        ('${f(var.a, "${local.b["var.c"]}var.d")}', ["f(", "var.a", 'local.b[""]']),
        ("${aws_x.y[local.z].id}", ["aws_x.y[local.z].id", "local.z"]),
        ({"${(var.a)}": "${var.b}"}, ["var.a", "var.b"]),
        ("${[for s in aws_x.y : s.id if s.ok]}", ["aws_x.y"]),
    ],
)
def test_references_are_found_in_expressions_and_not_in_texts(value: Any, found: list[str]) -> None:
    names = [root + path for root, path in terraform.references(value)]
    assert [name for name in names if not name.isalpha()] == found


def test_a_declaration_that_stands_there_twice_is_found(tmp_path: Path) -> None:
    (tmp_path / "twice.tf").write_text('data "aws_partition" "a" {}\n\ndata "aws_partition" "a" {}\n', "utf-8")
    assert terraform.read(tmp_path).repeated == ("data.aws_partition.a",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nbcd = 2\n", "1: the equals sign"),
        ("a {\n   b = 1\n}\n", "2: 3 blanks, not 2"),
        ("a = [\n  1,\n  ]\n", "3: 2 blanks, not 0"),
        ("a =1\n", "1: the equals sign"),
        ("a={\n  b = 1\n}\n", "1: one blank"),
        ("a = {b = 1 }\n", "1: '{b' has"),
        ("a = [1,2]\n", "1: ',2' has"),
        ("a = f( 1)\n", "1: '( ' has"),
        ("a = 1 \n", "1: a tab or a blank"),
        ("a = 1\n\n", "3: the file ends"),
    ],
)
def test_what_terraform_fmt_would_change_is_found(text: str, message: str) -> None:
    assert any(line.startswith(message) for line in terraform_format.badly_formatted(text))


LEFT = """\
a   = 1
bcd = "x = y" # z=1

l = merge({
  a = 1
}, local.b)

m = {
  k = "${a == b}"
  long = f(
    1,
  )
}
"""


def test_what_terraform_fmt_leaves_is_left() -> None:
    """A value that goes on over several lines is in no column, nor are those beside it in its."""
    assert not terraform_format.badly_formatted(LEFT)


MANIFEST: dict[str, Any] = {
    "types": {
        "@cdktf/provider-aws.thing.Thing": {
            "kind": "class",
            "docs": {"summary": "{@link https://x/providers/hashicorp/aws/1.2.3/docs/resources/thing aws_thing}"},
            "properties": [
                {"name": n, "type": {"primitive": "string"}} for n in ("name", "nameInput", "ipv6Set", "arn")
            ],
        },
        "@cdktf/provider-aws.thing.ThingConfig": {
            "properties": [
                {"name": "name", "type": {"primitive": "string"}},
                {
                    "name": "ruleSet",
                    "optional": True,
                    "docs": {"summary": "rule_set block.", "remarks": "docs/resources/thing#rule_set Thing#rule_set}"},
                    "type": {"fqn": "@cdktf/provider-aws.thing.ThingRule"},
                },
            ]
        },
        "@cdktf/provider-aws.thing.ThingRule": {
            "properties": [{"name": "days", "optional": True, "type": {"primitive": "number"}}]
        },
    }
}


def test_a_schema_is_reduced_to_what_is_wanted() -> None:
    rule_set = {"required": False, "many": False, "arguments": {"days": "number"}}
    assert provider_schema.reduced(MANIFEST, {"aws_thing"}) == {
        "version": "1.2.3",
        "types": {
            "aws_thing": {
                "arguments": {"name": "string!"},
                "blocks": {"rule_set": rule_set},
                "attributes": ["arn", "ipv6_set"],
            }
        },
    }
    with pytest.raises(SystemExit, match="The provider has no aws_nothing"):
        provider_schema.reduced(MANIFEST, {"aws_nothing"})
