"""What the charts of silver show, counted by the query engine: no row of silver itself becomes a frame."""

import math
from collections.abc import Callable

import pandas as pd
from deltalake import DeltaTable

from lakehouse.lake import scan
from lakehouse.model import Dataset

REASONS = 8
BINS = 24


def _query(sql: str, silver: DeltaTable) -> pd.DataFrame:
    """Return the answer to an SQL query over a silver table that it calls `t`."""
    frame: pd.DataFrame = scan.query(sql, t=silver).to_pandas()
    return frame


def volume(silver: DeltaTable, dataset: Dataset) -> tuple[pd.DataFrame, str]:
    """Return the good `records` by `start` of the period, and the period: the longest that gives enough bars.

    Of a dataset whose records have no time, it is when they came in.
    """
    time = f'cast("{dataset.time_column or "ingested_at"}" as timestamp)'
    span = _query(f"select min({time}) as first, max({time}) as last from t where not quarantined", silver).iloc[0]
    days = 0.0 if pd.isna(span["first"]) else (span["last"] - span["first"]) / pd.Timedelta(days=1)
    period = next((name for name, most in (("hour", 3), ("day", 130), ("week", 900)) if days <= most), "month")
    frame = _query(
        f"select date_trunc('{period}', {time}) as start, count(*) as records from t"
        f" where not quarantined and {time} is not null group by 1 order by 1",
        silver,
    )
    return frame, period


def sides(silver: DeltaTable) -> tuple[int, int]:
    """Return the numbers of good and of quarantined records, from the log alone."""
    rows = scan.rows_by_partition(silver)
    return rows.get(False, 0), rows.get(True, 0)


def reasons(silver: DeltaTable) -> pd.DataFrame:
    """Return the quarantined `records` by `reason`, the rarest ones together; a record with two reasons is in both."""
    frame = _query(
        "select reason, count(*) as records from (select unnest(reasons) as reason from t where quarantined)"
        " group by 1 order by 2 desc, 1",
        silver,
    )
    if len(frame) <= REASONS:
        return frame
    rest = frame.iloc[REASONS - 1 :]
    other = pd.DataFrame({"reason": [f"{len(rest)} other reasons"], "records": [rest["records"].sum()]})
    return pd.concat([frame.iloc[: REASONS - 1], other], ignore_index=True)


def histogram(silver: DeltaTable, expression: str) -> pd.DataFrame:
    """Return the `records` in bins of equal `width` from `low`, up to the 99th percentile (a t-digest's estimate)."""
    good = f"(select cast({expression} as double) as x from t where not quarantined and {expression} is not null)"
    shape = _query(
        "select min(x) as low, approx_percentile_cont(x, 0.99) as most,"
        f" approx_percentile_cont(x, 0.5) as median from {good}",
        silver,
    ).iloc[0]
    if pd.isna(shape["low"]):
        return pd.DataFrame()
    width = nice((shape["most"] - min(shape["low"], 0.0)) / BINS)
    frame = _query(f"select floor(x / {width!r}) as bin, count(*) as records from {good} group by 1 order by 1", silver)
    last = math.floor(shape["most"] / width)
    beyond = int(frame.loc[frame["bin"] > last, "records"].sum())
    shown = frame[frame["bin"] <= last]
    return pd.DataFrame(shown).assign(low=shown["bin"] * width, width=width, median=shape["median"], beyond=beyond)


def nice(width: float) -> float:
    """Return the next width of 1, 2, 2.5 or 5 times a power of ten, or 1 where there is no spread."""
    if width <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(width))
    return next(step * power for step in (1.0, 2.0, 2.5, 5.0, 10.0) if step * power >= width * (1 - 1e-9))


def doubling(silver: DeltaTable, expression: str) -> pd.DataFrame:
    """Return the `records` by `step`: 0 for the value 0, then 1, 2 to 3, 4 to 7 and so on."""
    return _query(
        f"select case when {expression} < 1 then 0 else cast(floor(log2({expression})) as int) + 1 end as step,"
        f" count(*) as records from t where not quarantined and {expression} is not null group by 1 order by 1",
        silver,
    )


def hours(silver: DeltaTable, time: str, status: str) -> pd.DataFrame:
    """Return requests by `hour` of the day in UTC: `fine`, `client_errors` (4xx) and `server_errors` (5xx)."""
    return _query(
        f"select cast(date_part('hour', {time}) as int) as hour, count(*) filter (where {status} < 400) as fine,"
        f" count(*) filter (where {status} between 400 and 499) as client_errors,"
        f" count(*) filter (where {status} >= 500) as server_errors"
        " from t where not quarantined group by 1 order by 1",
        silver,
    )


# What is counted for a chart that a dataset declares, over the expression of its values.
COUNTS: dict[str, Callable[[DeltaTable, Dataset, str], pd.DataFrame]] = {
    "histogram": lambda silver, _, values: histogram(silver, values),
    "doubling": lambda silver, _, values: doubling(silver, values),
    "hours": lambda silver, dataset, values: hours(silver, str(dataset.time_column), values),
}
