"""conf/aws is Terraform that was never applied: no provider is to be had here, so it is read and checked as text."""

import json
import re
import subprocess
from pathlib import Path

import aws_tables
import pytest
import terraform
import terraform_checks
import terraform_format

from lakehouse.errors import SettingError
from lakehouse.model import TYPES
from lakehouse.settings import ROOT, load, read_env_file

AWS = terraform.FOLDER
MODULE = terraform.read(AWS)
SCHEMA = terraform_checks.schema()
INSTANCES = {instance.address: instance for instance in MODULE.instances}
README = (AWS / "README.md").read_text("utf-8")


def test_nothing_is_declared_twice() -> None:
    assert not MODULE.repeated


def test_resources_hold_what_the_provider_knows() -> None:
    assert not [wrong for i in MODULE.instances for wrong in terraform_checks.wrong_arguments(i, SCHEMA)]


def test_references_lead_somewhere_and_declarations_are_used() -> None:
    assert not terraform_checks.wrong_references(MODULE, SCHEMA)


def test_files_are_formatted() -> None:
    wrong = {path.name: terraform_format.badly_formatted(path.read_text("utf-8")) for path in AWS.glob("*.tf")}
    assert not {name: lines for name, lines in wrong.items() if lines}


def test_the_schema_holds_the_types_in_use_of_the_pinned_provider() -> None:
    assert set(SCHEMA) == {instance.type for instance in MODULE.instances}
    version = json.loads(terraform_checks.SCHEMA_FILE.read_text("utf-8"))["version"]
    pinned = MODULE.others[0]["required_providers"][0]["aws"]["version"]
    assert pinned == f'"~> {version.rpartition(".")[0]}"'


@pytest.mark.parametrize("name", MODULE.variables)
def test_a_variable_says_what_it_is_and_refuses_what_it_cannot_be(name: str) -> None:
    variable = MODULE.variables[name]
    assert variable["description"].endswith('."')
    assert "type" in variable
    assert all(f"var.{name}" in block["condition"] for block in variable["validation"])
    assert all(block["error_message"].endswith('."') for block in variable["validation"])


def test_every_output_says_what_it_is() -> None:
    assert all(output["description"].endswith('."') for output in MODULE.outputs.values())


def test_the_password_comes_into_no_state() -> None:
    variable = MODULE.variables["kafka_password"]
    assert variable["sensitive"] is variable["ephemeral"] is True
    places = [
        i.address for i in MODULE.instances for root, path in terraform.references(i.body) if path == ".kafka_password"
    ]
    assert places == ["aws_secretsmanager_secret_version.kafka"]
    assert "var.kafka_password" in INSTANCES[places[0]].body["secret_string_wo"]


def test_the_tables_are_those_of_the_jobs() -> None:
    assert (AWS / "tables.json").read_text("utf-8") == aws_tables.text()
    types = {column["type"] for table in aws_tables.catalogue()["tables"].values() for column in table["columns"]}
    assert all(type_ in TYPES or re.fullmatch(r"decimal\(\d+,\d+\)", type_) for type_ in types)


def test_each_dataset_has_a_bucket_with_the_name_that_the_founders_gave_it() -> None:
    assert '"kafka-ing-${replace(dataset, "_", "-")}-${local.account}"' in MODULE.locals["dataset_buckets"]
    assert all(f"kafka-ing-{name}" in README for name in ("transactions", "logs", "social-data", "ad-campaigns"))


@pytest.mark.parametrize(
    "type_",
    [
        "aws_s3_bucket_public_access_block",
        "aws_s3_bucket_server_side_encryption_configuration",
        "aws_s3_bucket_versioning",
        "aws_s3_bucket_lifecycle_configuration",
        "aws_s3_bucket_policy",
    ],
)
def test_every_bucket_is_private_encrypted_versioned_and_for_tls_alone(type_: str) -> None:
    assert [i.body["for_each"] for i in MODULE.instances if i.type == type_] == ["${aws_s3_bucket.lake}"]
    assert [i.name for i in MODULE.instances if i.type == "aws_s3_bucket"] == ["lake"]


def test_nothing_comes_in_from_outside() -> None:
    """No rule names an address, none lets anything to the API's host, and no way leads out of the network."""
    rules = [i for i in MODULE.instances if i.type.startswith("aws_vpc_security_group_")]
    assert rules
    assert not [rule.address for rule in rules if {"cidr_ipv4", "cidr_ipv6"} & set(rule.body)]
    ingress = [rule.body["security_group_id"] for rule in rules if rule.type.endswith("ingress_rule")]
    assert "${aws_security_group.api.id}" not in ingress
    assert not {"aws_internet_gateway", "aws_nat_gateway", "aws_lb", "aws_eip"} & {i.type for i in MODULE.instances}
    assert INSTANCES["aws_instance.api"].body["metadata_options"][0]["http_tokens"] == '"required"'


def test_kafka_is_tuned_as_in_conf_but_for_the_copies() -> None:
    lines = (ROOT / "conf" / "kafka" / "server.properties").read_text("utf-8").splitlines()
    ours = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    theirs = {name: json.dumps(value) for name, value in MODULE.locals["kafka_properties"].items()}
    copies = {name: theirs.pop(name) for name in ("default.replication.factor", "min.insync.replicas")}
    assert copies == {"default.replication.factor": "3", "min.insync.replicas": "2"}
    assert theirs.items() <= ours.items()


def test_the_settings_that_are_told_are_settings() -> None:
    assert set(MODULE.outputs["settings"]["value"]) <= set(read_env_file())


def test_the_host_is_started_by_a_script_with_the_values_that_it_is_given(tmp_path: Path) -> None:
    template = (AWS / "api.sh.tftpl").read_text("utf-8")
    given = set(re.findall(r"(\w+) = ", INSTANCES["aws_instance.api"].body["user_data"]))
    assert set(re.findall(r"\$\{(\w+)\}", template)) == given
    script = tmp_path / "api.sh"
    script.write_text(re.sub(r"\$\{\w+\}", "value", template), "utf-8")
    subprocess.run(["bash", "-n", str(script)], check=True)
    settings = re.search(r"^Environment=(.*)$", template, re.MULTILINE)
    assert settings is not None
    assert {pair.split("=")[0] for pair in settings[1].split()} - {"AWS_REGION"} <= set(read_env_file())


def takes(name: str, value: str) -> bool:
    try:
        load({name: value})
    except SettingError:
        return False
    return True


@pytest.mark.parametrize(
    ("row", "is_there"),
    [
        ("The jobs refuse `s3a://`", takes("LAKEHOUSE_URL", "s3a://bucket/lake")),
        ("No setting for Kafka's user", any("SASL" in name for name in read_env_file())),
        ("not to S3", takes("PACKAGE_URL", "s3a://bucket/package")),
        ("The inbox is a local folder, or one on HDFS", takes("LAKEHOUSE_INBOX", "s3a://bucket/inbox")),
        ("The jobs are written for Spark 4.2.0", "pyspark==4.2.0" not in (ROOT / "requirements.in").read_text("utf-8")),
    ],
)
def test_what_is_missing_is_said_as_long_as_it_is_missing(row: str, is_there: bool) -> None:
    assert (row in README) is not is_there, f"conf/aws/README.md: take out, or correct, the row {row!r}"


def test_the_reader_is_told_first_that_nobody_has_applied_it() -> None:
    assert "Never applied" in README.splitlines()[2]
