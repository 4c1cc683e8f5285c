"""The rules of `terraform fmt` on blanks, as HashiCorp's hclwrite has them (hclwrite/format.go), without Terraform.

Two blanks of indentation below each line that opens more brackets than it closes; the equals signs of lines that follow
each other in one column, where the value ends on its line; one blank inside braces and behind commas, none inside other
brackets. Not looked at: blanks beside operators, comments behind code, texts over several lines.
"""

import re
from collections.abc import Iterator

_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
_COMMENT = re.compile(r"\s*(#|//).*$")
_BLANKS = re.compile(r"\{[^\s}]|[^\s{]\}|,\S|\s,|[(\[] |\S +[)\]]|\S  +(?!=)\S")
_EQUALS = re.compile(r"(?<![=!<>])=(?![=>])")


def badly_formatted(text: str) -> list[str]:
    """Return the lines of a file that `terraform fmt` would change, with what is wrong, by number."""
    lines = text.split("\n")
    bare = [_COMMENT.sub("", _TEXT.sub(lambda match: "_" * len(match[0]), line)) for line in lines]
    found = [
        f"{number}: a tab or a blank at the end"
        for number, line in enumerate(lines, 1)
        if "\t" in line or line != line.rstrip()
    ]
    found += [
        f"{n}: {len(lines[n - 1]) - len(lines[n - 1].lstrip())} blanks, not {w}" for n, w in _indented(lines, bare)
    ]
    found += [f"{number}: {message}" for number, message in _aligned(bare)]
    found += [f"{n}: {match[0]!r} has a blank too many or too few" for n, match in _blanks(bare)]
    if not text.endswith("\n") or text.endswith("\n\n"):
        found.append(f"{len(lines)}: the file ends in one line end")
    return found


def _indented(lines: list[str], bare: list[str]) -> Iterator[tuple[int, int]]:
    """Yield number and due indentation of each line that has another one."""
    open_: list[int] = []
    for number, (line, code) in enumerate(zip(lines, bare, strict=True), 1):
        change = _change(code)
        closed = -change
        while closed > 0 and open_:
            taken = min(closed, open_[-1])
            open_[-1] -= taken
            closed -= taken
            if not open_[-1]:
                open_.pop()
        if line.strip() and len(line) - len(line.lstrip()) != 2 * len(open_):
            yield number, 2 * len(open_)
        if change > 0:
            open_.append(change)


def _blanks(bare: list[str]) -> Iterator[tuple[int, re.Match[str]]]:
    for number, code in enumerate(bare, 1):
        if match := _BLANKS.search(code.strip()):
            yield number, match


def _change(code: str) -> int:
    return sum(code.count(character) for character in "{[(") - sum(code.count(character) for character in "}])")


def _aligned(bare: list[str]) -> Iterator[tuple[int, str]]:
    """Yield number and message of each line whose equals sign is not where those of its neighbours are."""
    chain: list[tuple[int, str, str]] = []
    for number, code in enumerate([*bare, ""], 1):
        equals = _EQUALS.search(code)
        if equals and not _change(code[equals.start() :]):
            chain.append((number, code[: equals.start()], code[equals.end() :]))
            continue
        if equals and not re.search(r"\S = \S", code):
            yield number, "one blank before and after the equals sign"
        column = max((len(before.rstrip()) for _, before, _ in chain), default=0) + 1
        for n, before, after in chain:
            if len(before) != column or not re.match(r" \S", after):
                yield n, f"the equals sign is to stand in column {column + 1}, with one blank behind it"
        chain = []
