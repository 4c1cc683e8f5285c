"""Fill the templates of conf/ with the settings of a stack."""

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from string import Template

from docker.native import credentials, profiles
from docker.native.layout import Stack
from lakehouse.errors import ServiceError
from lakehouse.settings import ROOT

# Beside the settings of conf/lakehouse.env, these reach the API server from the environment.
PREFIXES = ("API_", "AWS_", "DJANGO_", "LAKEHOUSE_")


def _filled(text: str, values: Mapping[str, str], where: str) -> str:
    try:
        return Template(text).substitute(values)
    except (KeyError, ValueError) as error:
        raise ServiceError(
            f"{where} cannot be filled in ({error}): only the settings of conf/lakehouse.env and of the profile may "
            "stand there as ${NAME}, and a plain $ is written $$."
        ) from error


def _joined(path: str, texts: list[str]) -> str:
    """Return one text of those of several templates; of an XML file, what is in their one root element."""
    if not path.endswith(".xml"):
        return "\n".join(texts)
    first, *others = texts
    inner = "".join(re.sub(r"(?s).*<configuration>|</configuration>\s*", "", text) for text in others)
    return first.replace("</configuration>", inner.lstrip("\n") + "</configuration>")


def render(stack: Stack) -> dict[Path, str]:
    """Return the text of each configuration file of the stack by its path.

    Raises ServiceError for a template that names an unknown setting.
    """
    settings = {**stack.settings.values, "STACK_HOME": str(stack.home)}
    rendered = {}
    for config in (config for service in profiles.services(stack.settings) for config in service.configs):
        names = {name: _filled(text, settings, "docker/native/profiles.py") for name, text in config.names.items()}
        texts = [
            _filled((ROOT / "conf" / name).read_text("utf-8"), settings | names, f"conf/{name}")
            for name in config.templates
        ]
        rendered[stack.conf / config.path] = _joined(config.path, texts)
    return rendered


def write(stack: Stack) -> None:
    """Write the configuration files of the stack."""
    for path, text in render(stack).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def write_settings(stack: Stack) -> bool:
    """Write today's settings to conf/settings.sh, which the API sources at each start; tell whether they changed.

    Only its owner may read the file: a setting can be a secret.
    """
    names = sorted(set(stack.settings.values) | {name for name in os.environ if name.startswith(PREFIXES)})
    given = {name: os.environ.get(name) for name in names} | {"STACK_HOME": str(stack.home)}
    lines = [f"export {name}={shlex.quote(value)}" if value else f"unset {name}" for name, value in given.items()]
    path, text = stack.conf / "settings.sh", "\n".join([*lines, ""])
    if path.exists() and path.read_text("utf-8") == text:
        return False
    credentials.write(path, text.encode())
    return True
