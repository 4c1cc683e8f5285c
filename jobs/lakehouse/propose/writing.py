"""The files of a proposal and their lines in the registries: what a registry names is there."""

from collections.abc import Mapping
from pathlib import Path

from lakehouse.errors import ProposalError

# A registry's names end where this line is.
_END = "\n)\n"


def check_free(*paths: Path) -> None:
    """Raise ProposalError where one of the files is there already."""
    if there := [str(path) for path in paths if path.exists()]:
        raise ProposalError(
            f"{', '.join(there)} is there already and is not overwritten. Move it, or take another NAME."
        )


def write(files: Mapping[Path, str], registries: Mapping[Path, str]) -> None:
    """Write new files, and then a line for a name into each registry.

    Raises ProposalError, with nothing written, where a file is there or a registry has no list of names.
    """
    check_free(*files)
    lists = {path: path.read_text(encoding="utf-8").partition(_END) for path in registries}
    if odd := [f'"{registries[path]}" to {path}' for path, (_, end, _) in lists.items() if not end]:
        raise ProposalError(f'No list of names ends with a line ")": add {", ".join(odd)} by hand.')
    for path, text in files.items():
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    for path, (head, end, rest) in lists.items():
        part = path.with_suffix(".part")
        part.write_text(f'{head}\n    "{registries[path]}",{end}{rest}', encoding="utf-8")
        part.replace(path)
