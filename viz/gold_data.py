"""What the charts of gold show: the top of each metric, and a sentence about what is not shown."""

from collections.abc import Callable

import pandas as pd
from deltalake import DeltaTable

from lakehouse.model import Column, Metric
from viz.frames import query
from viz.label import count

TOP = 20
Shown = tuple[pd.DataFrame, str]


def kind(metric: Metric) -> str:
    """Return the kind of a metric's chart: a plain one, `bars`, where it declares none that is known here."""
    return metric.chart.kind if metric.chart and metric.chart.kind in SELECT else "bars"


def noun(metric: Metric) -> str:
    """Return what a group of a metric is called."""
    return metric.chart.noun if metric.chart else "group"


def event(metric: Metric) -> str:
    """Return what is summed up in a group of a metric."""
    return metric.chart.event if metric.chart else "record"


def label(metric: Metric) -> str:
    """Return what the axis of a metric's values shows."""
    return metric.chart.label if metric.chart else ""


def measure(metric: Metric) -> Column | None:
    """Return a metric's first column that can be drawn as a length, None where there is none."""
    numbers = ("int", "bigint", "double")
    return next((c for c in metric.columns[1:] if c.type in numbers or c.type.startswith("decimal(")), None)


def bars(gold: DeltaTable, metric: Metric) -> Shown:
    """Return the groups with the greatest values of a metric's first measure."""
    column = measure(metric)
    frame = _top(gold, metric, column.name if column else metric.key.name)
    groups = int(query("select count(*) as groups from t", t=gold)["groups"].iloc[0])
    if groups <= TOP:
        return frame, _shown(groups, noun(metric), "") if groups else "No rows yet"
    return frame, f"The first {TOP} of {count(groups, noun(metric))}"


def totals(gold: DeltaTable, metric: Metric) -> Shown:
    """Return the groups with the largest totals, and the part of the rest."""
    value = metric.columns[1].name
    frame = _top(gold, metric, value)
    whole = query(f'select count(*) as groups, sum("{value}") as total from t', t=gold).iloc[0]
    if frame.empty:
        return frame, f"No {event(metric)}s yet"
    rest = whole["total"] - frame[value].sum()
    part = f" ({rest / whole['total']:.1%})" if whole["total"] > 0 else ""
    return frame, _shown(int(whole["groups"]), noun(metric), f"{rest:,.2f}{part} of {whole['total']:,.2f} in all")


def classes(gold: DeltaTable, metric: Metric) -> Shown:
    """Return the most frequent HTTP statuses, sorted by code, and the part of the requests that failed."""
    key, value = (column.name for column in metric.columns)
    whole = f'sum("{value}") over () as all_events, sum("{value}") filter (where "{key}" >= 400) over () as failed'
    frame = _top(gold, metric, value, f", {whole}, count(*) over () as groups")
    if frame.empty:
        return frame, f"No {event(metric)}s yet"
    events, groups = int(frame["all_events"].iloc[0]), int(frame["groups"].iloc[0])
    failed = int(frame["failed"].fillna(0).iloc[0])
    rest = f"{1 - frame[value].sum() / events:.1%} of {event(metric)}s"
    said = f"{failed:,} of {count(events, event(metric))} failed ({failed / events:.1%}, 4xx and 5xx)"
    return frame.sort_values(key), f"{said}; {_shown(groups, noun(metric), rest).lower()}"


def means(gold: DeltaTable, metric: Metric) -> Shown:
    """Return the groups with the greatest means, and the range of the rest."""
    value = metric.columns[1].name
    frame = _top(gold, metric, value)
    whole = query(f'select count(*) as groups, min("{value}") as low from t', t=gold).iloc[0]
    if frame.empty:
        return frame, f"No {event(metric)}s yet"
    rest = f"between {frame[value].min():,.1f} and {whole['low']:,.1f}"
    return frame, _shown(int(whole["groups"]), noun(metric), rest)


def rates(gold: DeltaTable, metric: Metric) -> Shown:
    """Return the groups with the most of a metric's first measure, its rate by the second over all, and the rest."""
    _, part, whole = (column.name for column in metric.columns)
    overall = f'cast(sum("{part}") over () as double) / nullif(sum("{whole}") over (), 0) as overall_rate'
    sums = f'count(*) over () as groups, sum("{part}") over () as all_events'
    frame = _top(gold, metric, part, f", {sums}, {overall}")
    if frame.empty:
        return frame, f"No {noun(metric)}s yet"
    events = int(frame["all_events"].iloc[0])
    rest = 1 - frame[part].sum() / events if events else 0.0
    frame["overall_rate"] = frame["overall_rate"].fillna(0.0)
    groups = int(frame["groups"].iloc[0])
    return frame, _shown(groups, noun(metric), f"{rest:.1%} of {count(events, event(metric))}")


def _top(gold: DeltaTable, metric: Metric, value: str, more: str = "") -> pd.DataFrame:
    """Return the contract's columns of the groups with the greatest values, and `more` columns over all groups."""
    # A list is nothing to draw, and pandas does not take every kind of it.
    names = ", ".join(f'"{column.name}"' for column in metric.columns if not column.type.startswith("array"))
    return query(f'select {names}{more} from t order by "{value}" desc, "{metric.key.name}" limit {TOP}', t=gold)


def _shown(groups: int, name: str, rest: str) -> str:
    if groups <= TOP:
        return f"{count(groups, name)}, all of them shown"
    return f"The first {TOP} of {count(groups, name)}, the other {groups - TOP:,}: {rest}"


SELECT: dict[str, Callable[[DeltaTable, Metric], Shown]] = {
    "bars": bars,
    "totals": totals,
    "classes": classes,
    "means": means,
    "rates": rates,
}
