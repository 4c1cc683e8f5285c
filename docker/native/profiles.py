"""What each profile runs: its services, with their programs, ports, configuration, storage and ready checks.

The settings of a profile are in conf/profiles/NAME.env, the programs of its services in docker/native/programs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from docker.native import accounts, ready, storage, users
from docker.native.layout import Stack
from lakehouse.settings import LAPTOP, Settings


@dataclass(frozen=True)
class Config:
    """A configuration file: its path in $STACK_HOME/conf, and the templates of conf/ that it is put together of.

    What a later template says wins. `names` may stand in the templates beside the settings, which may stand in them.
    """

    path: str
    templates: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Service:
    """A service: the settings that are the ports of each of its programs, and how it is asked whether it serves.

    `check` returns what is still missing, or an empty text; `address` where it serves; `account` what it says of itself
    while it does. `files` are those of docker/native/programs, `folders` those of $STACK_HOME with its state, `storage`
    gives the commands that format what of it is still empty, by program. `start` is the command that starts it.
    """

    name: str
    programs: Mapping[str, tuple[str, ...]]
    check: Callable[[Settings], str]
    address: Callable[[Settings], str]
    account: Callable[[Settings], accounts.Account] | None = None
    configs: tuple[Config, ...] = ()
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    storage: Callable[[Stack], dict[str, list[str]]] = lambda _: {}
    start: str = "make up"


HDFS = Service(
    name="HDFS",
    programs={
        "namenode": ("HDFS_RPC_PORT", "HDFS_HTTP_PORT"),
        "datanode": ("HDFS_DATA_PORT", "HDFS_DATA_HTTP_PORT", "HDFS_DATA_IPC_PORT"),
    },
    check=ready.hdfs,
    address=lambda settings: settings.webhdfs,
    account=accounts.hdfs,
    configs=(
        Config("hadoop/core-site.xml", ("hadoop/core-site.xml",)),
        Config("hadoop/hdfs-site.xml", ("hadoop/hdfs-site.xml",), {"NODE": ""}),
    ),
    files=("hdfs",),
    folders=("hdfs",),
    storage=storage.namenode,
)
KAFKA = Service(
    name="Kafka",
    programs={"kafka": ("KAFKA_PORT", "KAFKA_CONTROLLER_PORT")},
    check=ready.kafka,
    address=lambda settings: settings.kafka,
    account=accounts.kafka,
    configs=(Config("kafka/server.properties", ("kafka/server.properties",)),),
    files=("kafka",),
    folders=("kafka",),
    storage=storage.broker,
)
SECURE_HDFS = replace(
    HDFS,
    check=users.check,
    configs=(
        Config("hadoop/core-site.xml", ("hadoop/core-site.xml", "secure/core-site.xml")),
        Config("hadoop/hdfs-site.xml", ("hadoop/hdfs-site.xml", "secure/hdfs-site.xml"), {"NODE": ""}),
    ),
)
SECURE_KAFKA = replace(
    KAFKA,
    configs=(Config("kafka/server.properties", ("kafka/server.properties", "secure/server.properties")),),
    folders=("kafka", "secrets"),
    storage=storage.secure_broker,
)
SQL_HDFS = replace(
    SECURE_HDFS,
    configs=(
        Config("hadoop/core-site.xml", ("hadoop/core-site.xml", "secure/core-site.xml", "sql/core-site.xml")),
        *SECURE_HDFS.configs[1:],
    ),
)
SQL = Service(
    name="SQL",
    programs={"sql": ("SQL_PORT",)},
    check=ready.sql,
    address=lambda settings: f"jdbc:hive2://127.0.0.1:{settings.ports['SQL_PORT']}/gold",
    files=("sql",),
    folders=("sql",),
    storage=storage.sql,
)
_S3_PARTS = ("", "_MASTER", "_VOLUME", "_FILER")
S3 = Service(
    name="S3",
    programs={"s3": tuple(f"S3{part}{kind}_PORT" for part in _S3_PARTS for kind in ("", "_GRPC"))},
    check=ready.s3,
    address=lambda settings: settings.s3_endpoint,
    configs=(Config("s3/server.options", ("s3/server.options",)),),
    files=("s3",),
    folders=("s3",),
    storage=storage.s3,
)
# Every profile has it; it has a start of its own, and keeps its database and its secrets where it makes them itself.
API = Service(
    name="API",
    programs={"api": ("API_PORT",)},
    check=ready.api,
    address=lambda settings: f"{settings.api_url}/",
    files=("api",),
    start="make api",
)


def _broker(node: int) -> Config:
    """Return the configuration of one of three brokers: the first has the names that a single one has."""
    name = {1: ""}.get(node, str(node))
    names = {
        "NODE": str(node),
        "KAFKA_PORT": f"${{KAFKA{name}_PORT}}",
        "KAFKA_CONTROLLER_PORT": f"${{KAFKA{name}_CONTROLLER_PORT}}",
        "VOTERS": "1@localhost:${KAFKA_CONTROLLER_PORT},2@localhost:${KAFKA2_CONTROLLER_PORT},"
        "3@localhost:${KAFKA3_CONTROLLER_PORT}",
    }
    return Config(f"kafka/server{name}.properties", ("kafka/server.properties", "cluster/server.properties"), names)


def _datanode(folder: str, node: str) -> Config:
    ports = (f"HDFS_DATA{{}}{suffix}_PORT" for suffix in ("", "_HTTP", "_IPC"))
    names = {port.format(""): f"${{{port.format(node)}}}" for port in ports}
    return Config(f"{folder}/hdfs-site.xml", ("hadoop/hdfs-site.xml", "cluster/hdfs-site.xml"), {"NODE": node, **names})


def _nodemanager(folder: str, node: str) -> Config:
    ports = (f"YARN_NODE{{}}{suffix}_PORT" for suffix in ("", "_LOCALIZER", "_HTTP"))
    names = {port.format(""): f"${{{port.format(node)}}}" for port in ports}
    return Config(f"{folder}/yarn-site.xml", ("cluster/yarn-site.xml",), {"NODE": node, **names})


THREE_DATANODES = replace(
    HDFS,
    programs={
        **HDFS.programs,
        "datanode2": ("HDFS_DATA2_PORT", "HDFS_DATA2_HTTP_PORT", "HDFS_DATA2_IPC_PORT"),
        "datanode3": ("HDFS_DATA3_PORT", "HDFS_DATA3_HTTP_PORT", "HDFS_DATA3_IPC_PORT"),
    },
    configs=(HDFS.configs[0], _datanode("hadoop", ""), _datanode("datanode2", "2"), _datanode("datanode3", "3")),
    files=("hdfs", "datanodes"),
)
THREE_BROKERS = replace(
    KAFKA,
    programs={
        **KAFKA.programs,
        "kafka2": ("KAFKA2_PORT", "KAFKA2_CONTROLLER_PORT"),
        "kafka3": ("KAFKA3_PORT", "KAFKA3_CONTROLLER_PORT"),
    },
    configs=(_broker(1), _broker(2), _broker(3)),
    files=("kafka", "brokers"),
    storage=storage.brokers,
)
YARN = Service(
    name="YARN",
    programs={
        "resourcemanager": tuple(f"YARN{part}_PORT" for part in ("", "_SCHEDULER", "_TRACKER", "_ADMIN", "_HTTP")),
        "nodemanager": ("YARN_NODE_PORT", "YARN_NODE_LOCALIZER_PORT", "YARN_NODE_HTTP_PORT"),
        "nodemanager2": ("YARN_NODE2_PORT", "YARN_NODE2_LOCALIZER_PORT", "YARN_NODE2_HTTP_PORT"),
    },
    check=ready.yarn,
    address=lambda settings: f"http://localhost:{settings.ports['YARN_HTTP_PORT']}",
    account=accounts.yarn,
    configs=(
        _nodemanager("hadoop", ""),
        _nodemanager("nodemanager2", "2"),
        Config("hadoop/capacity-scheduler.xml", ("cluster/capacity-scheduler.xml",)),
    ),
    files=("yarn",),
    folders=("yarn",),
)

# What `make up` starts, in the order in which it is waited for.
PROFILES: dict[str, tuple[Service, ...]] = {
    LAPTOP: (HDFS, KAFKA),
    "cluster": (THREE_DATANODES, THREE_BROKERS, YARN),
    "secure": (SECURE_HDFS, SECURE_KAFKA),
    "sql": (SQL_HDFS, KAFKA, SQL),
    "s3": (S3, KAFKA),
}


def services(settings: Settings) -> tuple[Service, ...]:
    """Return what `make up` starts under today's profile."""
    return PROFILES[settings.profile]


def programs(settings: Settings) -> list[str]:
    """Return the names of the programs that `make up` starts."""
    return [program for service in services(settings) for program in service.programs]


def ports(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Return the settings that are the ports of each program, the API's too."""
    return {program: names for service in (*services(settings), API) for program, names in service.programs.items()}


def folders() -> set[str]:
    """Return the folders of a STACK_HOME that any profile keeps its state in."""
    return {folder for profile in PROFILES.values() for service in profile for folder in service.folders}
