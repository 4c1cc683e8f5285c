"""What the charts of gold show: the top of each metric, and a sentence about what is not shown."""

from dataclasses import replace

import pandas as pd
from deltalake import DeltaTable

from lakehouse.lake import scan
from lakehouse.model import Chart, Column, Metric
from viz.label import count

TOP = 20
# By kind of chart the columns over all groups, those that are not shown too, which the chart or its sentence needs.
OVER_ALL = {
    "bars": "",
    "totals": ', sum("{value}") over () as _sum',
    "means": ', min("{value}") over () as _lowest',
    "classes": ', sum("{value}") over () as _sum, sum("{value}") filter (where "{key}" >= 400) over () as _failed',
    "rates": ', sum("{value}") over () as _sum,'
    ' coalesce(cast(sum("{value}") over () as double) / nullif(sum("{last}") over (), 0), 0) as _rate',
}


def chart(metric: Metric) -> Chart:
    """Return how a metric is drawn: as plain `bars` where it declares no chart, or one of a kind that is not known."""
    found = metric.chart or Chart("bars", "", "")
    return found if found.kind in OVER_ALL else replace(found, kind="bars")


def measure(metric: Metric) -> Column | None:
    """Return a metric's first column that can be drawn as a length, None where there is none."""
    numbers = ("int", "bigint", "double")
    return next((c for c in metric.columns[1:] if c.type in numbers or c.type.startswith("decimal(")), None)


def shown(gold: DeltaTable, metric: Metric) -> tuple[pd.DataFrame, str]:
    """Return the groups with the greatest values of a metric's first measure, and what is to be said of all groups.

    The frame has the contract's columns and, beside them, those of `OVER_ALL`. HTTP statuses are sorted by code.
    """
    key, value, drawn = metric.key.name, (measure(metric) or metric.key).name, chart(metric)
    # A list is nothing to draw, and pandas does not take every kind of it.
    names = ", ".join(f'"{column.name}"' for column in metric.columns if not column.type.startswith("array"))
    more = OVER_ALL[drawn.kind].format(key=key, value=value, last=metric.columns[-1].name)
    top = f'select {names}, count(*) over () as _groups{more} from t order by "{value}" desc, "{key}" limit {TOP}'
    frame: pd.DataFrame = scan.query(top, t=gold).to_pandas()
    if frame.empty:
        return frame, f"No {drawn.event}s yet"
    groups, rest = int(frame["_groups"].iloc[0]), _rest(frame, value, drawn)
    finding = f"{count(groups, drawn.noun)}, all of them shown"
    if groups > TOP:
        finding = f"The first {TOP} of {count(groups, drawn.noun)}"
        finding += f", the other {groups - TOP:,}: {rest}" if rest else ""
    if drawn.kind != "classes":
        return frame, finding
    events, failed = int(frame["_sum"].iloc[0]), int(frame["_failed"].fillna(0).iloc[0])
    said = f"{failed:,} of {count(events, drawn.event)} failed ({failed / events:.1%}, 4xx and 5xx)"
    return frame.sort_values(key), f"{said}; {finding.lower()}"


def _rest(frame: pd.DataFrame, value: str, drawn: Chart) -> str:
    """Return what the groups come to that are not shown: their part of all, or the range of their means."""
    if drawn.kind == "bars":
        return ""
    if drawn.kind == "means":
        return f"between {frame[value].min():,.1f} and {frame['_lowest'].iloc[0]:,.1f}"
    whole = frame["_sum"].iloc[0]
    rest = whole - frame[value].sum()
    if drawn.kind == "totals":
        return f"{rest:,.2f}{f' ({rest / whole:.1%})' if whole > 0 else ''} of {whole:,.2f} in all"
    return f"{rest / whole if whole else 0:.1%} of {count(int(whole), drawn.event)}"
