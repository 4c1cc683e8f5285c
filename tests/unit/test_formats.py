"""What a file of the inbox is, from its first bytes."""

import pytest

from lakehouse.datasets import DATASETS
from lakehouse.landing.sniff import MAX_DETAIL, NAMES, RejectedError, Shape, find_shape, split_header

FULL = "TransactionID,ClientID,ClientName,TransactionDate,Product,Quantity,UnitPrice,Amount,PaymentMethod"
SIMPLE = "ClientID,ClientName,TransactionDate,Product,Amount,PaymentMethod"
LOGS = "IP_Address,URL,Status_Code,Timestamp"
LOG_LINE = b'1.2.3.4 - - [10/Oct/2024:13:55:36 +0000] "GET / HTTP/1.1" 200 1 "-" "x"\n'


def at(line: str, *, bom: int = 0, end: int = 1) -> int:
    return bom + len(line) + end


SHAPES = {
    "a header": ("transactions", f"{FULL}\n1".encode(), Shape("csv", FULL, at(FULL))),
    "C01 other order": ("transactions", b"PaymentMethod," + SIMPLE.encode()[:-14] + b"\n", None),
    "C03 one more column": (
        "transactions",
        f"{SIMPLE},Extra\n".encode(),
        Shape("csv", f"{SIMPLE},Extra", at(SIMPLE) + 6),
    ),
    "C08 byte-order mark": (
        "transactions",
        b"\xef\xbb\xbf" + f"{SIMPLE}\n".encode(),
        Shape("csv", SIMPLE, at(SIMPLE, bom=3)),
    ),
    "C12 carriage return and line feed": (
        "transactions",
        f"{SIMPLE}\r\nx".encode(),
        Shape("csv", SIMPLE, at(SIMPLE, end=2)),
    ),
    "C12 carriage return": ("transactions", f"{SIMPLE}\rx\r".encode(), Shape("csv", SIMPLE, at(SIMPLE))),
    "C19 blank lines first": (
        "transactions",
        f"\n \n{SIMPLE}\n".encode(),
        Shape("csv", SIMPLE, 3 + at(SIMPLE), blank=2),
    ),
    "F8 header alone, no line end": ("transactions", SIMPLE.encode(), Shape("csv", SIMPLE, len(SIMPLE))),
    "F8 nothing": ("transactions", b"", Shape("csv")),
    "blank lines only": ("transactions", b"\n\n", Shape("csv")),
    "quoted names": ("transactions", b'"ClientID","ClientName",' + SIMPLE[20:].encode() + b"\n", None),
    "log lines": ("logs", LOG_LINE, Shape("log")),
    "log lines with a byte-order mark": ("logs", b"\xef\xbb\xbf" + LOG_LINE, Shape("log", skip=3)),
    "a log line with names of columns": ("logs", LOG_LINE.replace(b'"x"', b'"a,URL,Agent;User;x"'), Shape("log")),
    "logs as CSV": ("logs", f"{LOGS}\n".encode(), Shape("csv", LOGS, at(LOGS))),
    "F8 no log lines": ("logs", b"", Shape("log")),
    "J01 an array": ("social_data", b' \n[{"a": 1}]', Shape("json", is_array=True)),
    "J01 an array with a byte-order mark": ("social_data", b"\xef\xbb\xbf[]", Shape("json", skip=3, is_array=True)),
    "J01 lines": ("social_data", b'{"a": 1}\n{"a": 2}\n', Shape("json")),
    "F8 no posts": ("social_data", b"", Shape("json")),
    "L16 a line of 5 MB": ("logs", b"1.2.3.4 " + b"x" * 5_000_000, Shape("log")),
}

REJECTED = {
    "C02 no header": ("transactions", b"1,c1,Ada,2025-01-05,Lamp,1,2.00,2.00,card\n", "no_header: the first line must"),
    "C02 names in another case": ("transactions", SIMPLE.lower().encode(), "no_header"),
    "C04 a column missing": (
        "transactions",
        f"{SIMPLE[9:]}\n".encode(),
        f"missing_column: ClientID not among {', '.join(SIMPLE[9:].split(','))}",
    ),
    "C05 a column twice": (
        "transactions",
        f"{SIMPLE},ClientID\n".encode(),
        "duplicate_column: ClientID more than once",
    ),
    "C17 semicolons": (
        "transactions",
        SIMPLE.replace(",", ";").encode(),
        "delimiter: columns are separated by semicolon",
    ),
    "C17 tabs": ("transactions", SIMPLE.replace(",", "\t").encode(), "delimiter: columns are separated by tab"),
    "C17 semicolons in logs": ("logs", LOGS.replace(",", ";").encode(), "delimiter"),
    "F9 UTF-16, little end first": ("transactions", SIMPLE.encode("utf-16"), "encoding: UTF-16"),
    "F9 UTF-16, big end first": ("logs", b"\xfe\xff" + LOGS.encode("utf-16-be"), "encoding"),
    "F9 UTF-16 without a mark": ("social_data", '[{"a": 1}]'.encode("utf-16-le"), "encoding"),
    "a header in Latin-1": (
        "transactions",
        f"{SIMPLE},Remise".encode() + b"\xe9\n",
        "encoding: the header is not UTF-8",
    ),
    "30,000 columns": ("transactions", (SIMPLE + ",x" * 30_000).encode(), "many_columns: 30,006, at most 1,000"),
    "a header over 1 MiB": ("transactions", b"x" * 2_000_000, "no_header"),
}


@pytest.mark.parametrize("name", SHAPES)
def test_a_file_is_recognized(name: str) -> None:
    dataset, head, expected = SHAPES[name]
    found = find_shape(DATASETS[dataset], head)
    if expected is None:
        expected = Shape("csv", head.splitlines()[0].decode(), head.index(b"\n") + 1)
    assert found == expected


@pytest.mark.parametrize("name", REJECTED)
def test_a_file_is_refused_with_its_reason(name: str) -> None:
    dataset, head, expected = REJECTED[name]
    with pytest.raises(RejectedError) as caught:
        find_shape(DATASETS[dataset], head)
    assert str(caught.value).startswith(expected)
    assert caught.value.reason == expected.partition(":")[0]


def test_a_reason_is_short_and_fit_for_a_terminal() -> None:
    names = ",".join(["ClientID", "\x1b[31mred", *(f"column{n}" for n in range(900))])
    with pytest.raises(RejectedError) as caught:
        find_shape(DATASETS["transactions"], names.encode())
    assert len(str(caught.value)) <= len("missing_column: ") + MAX_DETAIL + 1
    assert str(caught.value).isprintable()
    assert "\\x1b[31mred" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "is_data"),
    [
        ("a.csv", True),
        ("A.CSV", True),
        ("a.json", True),
        ("a.jsonl", True),
        ("a.ndjson", True),
        ("a.txt", True),
        ("access.log", True),
        ("access.log.1", True),
        ("access.log.12.gz", True),
        ("a.csv.gz", True),
        ("a b [1].csv", True),
        (".a.csv", False),
        ("_a.csv", False),
        ("a.csv.tmp", False),
        ("a.csv._COPYING_", False),
        ("a.xlsx", False),
        ("a", False),
        (".csv", False),
        ("a.csv.zip", False),
        ("a.csv\n", False),
        ("a\n.csv", False),
    ],
)
def test_names_of_data_files_are_told_from_others(name: str, is_data: bool) -> None:
    assert bool(NAMES.fullmatch(name)) == is_data


def test_a_header_is_split_as_csv_and_trimmed() -> None:
    assert split_header('a, b ,"c,d","e""f"', ",") == ["a", "b", "c,d", 'e"f']
