"""Rules for web-server logs, and the parser of the Common and Combined log formats.

Source of the format: Apache HTTP Server, mod_log_config, `%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"`.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.columns import log_time
from lakehouse.judge import Rule, date_range

# Stand for an escaped backslash and quote while a line is split: code points that no text uses by agreement.
_BACKSLASH, _QUOTE = "\ue000", "\ue001"
_REQUEST = r"^[A-Z]+ \S+( HTTP/\d(\.\d)?)?$"
_IPV4 = r"^((25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)\.){3}(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)$"
_IPV6 = r"^(?=.*:.*:)[0-9A-Fa-f:]{2,39}(%\w+|(?<=:)\d{1,3}(\.\d{1,3}){3})?$"
_HOST = r"^(?![\d.]+$)[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_.])?$"


def with_log(df: DataFrame) -> DataFrame:
    """Add `log_problem` and a column `log_<name>` per silver column, from the lines in log format.

    A line is split on quotes and then on blanks, which is several times faster than one regular expression.
    """
    escaped = F.replace(F.replace("line", F.lit("\\\\"), F.lit(_BACKSLASH)), F.lit('\\"'), F.lit(_QUOTE))
    parts, head, tail, request = F.col("parts"), F.col("head"), F.col("tail"), F.col("request")
    is_line = (
        F.size(parts).isin(3, 7) & (F.size(head) == 6) & (F.size(tail) == 2) & F.get(head, F.lit(3)).startswith("[")
    )
    stamp = F.concat_ws(" ", F.substring(F.get(head, F.lit(3)), 2, 99), F.rtrim(F.get(head, F.lit(4)), F.lit("]")))
    method, target, protocol = (F.get(F.split(request, " "), F.lit(n)) for n in range(3))
    size = F.get(tail, F.lit(1))
    return (
        df.withColumn("parts", F.when(F.col("format") == "log", F.split(escaped, '"')))
        .withColumn("head", F.split(F.get(parts, F.lit(0)), " "))
        .withColumn("request", F.get(parts, F.lit(1)))
        .withColumn("tail", F.split(F.trim(F.get(parts, F.lit(2))), " "))
        .withColumn(
            "log_problem",
            F.when(~F.coalesce(is_line, F.lit(False)), "syntax").when(~request.rlike(_REQUEST), "bad_request_line"),
        )
        .withColumns(
            {
                "log_ip": F.get(head, F.lit(0)),
                "log_user": _dash_to_null(F.get(head, F.lit(2))),
                "log_time": stamp,
                "log_method": method,
                "log_path": _unescaped(target),
                "log_protocol": protocol,
                "log_status": F.get(tail, F.lit(0)),
                "log_bytes": F.when(size == "-", "0").otherwise(size),
                "log_referer": _dash_to_null(_unescaped(F.get(parts, F.lit(3)))),
                "log_agent": _dash_to_null(_unescaped(F.get(parts, F.lit(5)))),
            }
        )
    )


def _unescaped(column: Column) -> Column:
    return F.replace(F.replace(column, F.lit(_QUOTE), F.lit('"')), F.lit(_BACKSLASH), F.lit("\\"))


def _dash_to_null(column: Column) -> Column:
    return F.nullif(column, F.lit("-"))


def with_derived(df: DataFrame) -> DataFrame:
    """Read the log format's own time, where the time is not in one of the usual forms."""
    return df.withColumn("time", F.coalesce("time", log_time(F.col("text_time"))))


def rules() -> list[Rule]:
    """Return the rules on addresses and status codes."""
    ip, status = F.col("text_ip"), F.col("status")
    is_address = ip.rlike(_IPV4) | ip.rlike(_IPV6) | ip.rlike(_HOST)
    return [
        ("ip", ~is_address),
        ("status", F.col("text_status").isNotNull() & ~F.coalesce(status.between(100, 599), F.lit(False))),
        ("range", F.col("bytes") < 0),
        ("date_range", date_range("time", ahead="5 minutes")),
    ]
