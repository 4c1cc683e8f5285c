"""What each profile runs: its services, with their programs, ports, configuration, storage and ready checks.

The settings of a profile are in conf/profiles/NAME.env, the programs of its services in docker/native/programs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from docker.native import accounts, ready, storage
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


def _nothing(_: Stack) -> dict[str, list[str]]:
    return {}


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
    account: Callable[[Settings], str] | None = None
    configs: tuple[Config, ...] = ()
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    storage: Callable[[Stack], dict[str, list[str]]] = _nothing
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
# Every profile has it; it has a start of its own, and keeps its database and its secrets where it makes them itself.
API = Service(
    name="API",
    programs={"api": ("API_PORT",)},
    check=ready.api,
    address=lambda settings: f"http://127.0.0.1:{settings.ports['API_PORT']}/",
    files=("api",),
    start="make api",
)

# What `make up` starts, in the order in which it is waited for.
PROFILES: dict[str, tuple[Service, ...]] = {
    LAPTOP: (HDFS, KAFKA),
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
