"""Records as bytes: a line of CSV, a line in Combined log format, a JSON object; broken where they should be."""

import csv
import json
from collections.abc import Callable, Sequence
from typing import cast

from producers.generators.drawing import Record
from producers.generators.sequence import Item

Encoder = Callable[[Record], bytes]

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ESCAPED = str.maketrans({'"': '\\"', "\\": "\\\\"})


class _Echo:
    """A file that hands back what is written to it, so that a csv.writer returns the line it made."""

    def write(self, text: str) -> str:
        return text


def csv_encoder(columns: Sequence[str]) -> Encoder:
    """Return the encoder of a CSV line with these columns; a field that is not there is empty."""
    write = csv.writer(_Echo(), lineterminator="").writerow

    def encode(record: Record) -> bytes:
        return cast(str, write([record.get(name) for name in columns])).encode("utf-8", "surrogateescape")

    return encode


def json_encoder(columns: Sequence[str]) -> Encoder:
    """Return the encoder of a JSON object; a field that is not there has no key."""
    known = frozenset(columns)
    # Two decimal places survive the way through a float unchanged up to 10^13.
    dump = json.JSONEncoder(ensure_ascii=False, default=float).encode

    def encode(record: Record) -> bytes:
        fields = {k: v for k, v in record.items() if v is not None and k in known}
        return dump(fields).encode("utf-8", "surrogateescape")

    return encode


def log_line(record: Record) -> bytes:
    """Return a request in Combined log format; the client's identity and what is not there are a dash."""
    date, _, time = str(record["Timestamp"]).partition(" ")
    year, month, day = date.split("-")
    referer, agent = (str(record[name] or "-").translate(_ESCAPED) for name in ("Referer", "Agent"))
    line = (
        f"{record['IP_Address']} - {record['User'] or '-'} [{day}/{_MONTHS[int(month) - 1]}/{year}:{time} +0000] "
        f'"{record["Method"]} {record["URL"]} {record["Protocol"]}" {record["Status_Code"]} {record["Bytes"] or "-"} '
        f'"{referer}" "{agent}"'
    )
    return line.encode("utf-8", "surrogateescape")


def encoder(target: str, columns: Sequence[str]) -> Callable[[Item], bytes | None]:
    """Return the function that encodes an item for a target of `breakage.TARGETS`, broken as the item says.

    The bytes have no line end. None is a message without a value.
    """
    encode = log_line if target == "log" else (csv_encoder if target == "csv" else json_encoder)(columns)

    def encode_item(item: Item) -> bytes | None:
        broken = item.breakage
        if broken is None:
            return encode(item.record)
        record = broken.spoil(item.record, item.before, item.variant) if broken.spoil else item.record
        raw = encode(record)
        return broken.garble(raw, columns) if broken.garble else raw

    return encode_item
