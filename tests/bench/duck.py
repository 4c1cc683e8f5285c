"""The four metrics by DuckDB from local files, in one process: `python tests/bench/duck.py INBOX EVENTS OUT`.

INBOX holds the three folders of files, EVENTS is a file or pattern of JSON Lines, OUT the JSON that is written.
"""

import json
import sys

import duckdb

# A line of a log as one column: a separator and a quote that no line holds.
_LINES = "read_csv('{inbox}/logs/*.log', columns = {{'line': 'VARCHAR'}}, header = false, delim = '\x01', quote = '')"
QUERIES = {
    "total_sales_per_product": (
        "SELECT Product, sum(Amount)::VARCHAR FROM read_csv('{inbox}/transactions/*.csv', header = true, "
        "types = {{'Amount': 'DECIMAL(14,2)'}}) GROUP BY ALL"
    ),
    "status_code_counts": rf"SELECT regexp_extract(line, '\" (\d{{{{3}}}}) ', 1), count(*) FROM {_LINES} GROUP BY ALL",
    "avg_likes_per_product": (
        "SELECT coalesce(product, 'Post ' || substring(md5(message), 1, 12)), avg(likes) "
        "FROM read_json('{inbox}/social_data/*.json', "
        "columns = {{'product': 'VARCHAR', 'message': 'VARCHAR', 'likes': 'INTEGER'}}) GROUP BY ALL"
    ),
    "campaign_metrics": (
        "SELECT campaign_id, sum(clicks)::BIGINT, sum(impressions)::BIGINT FROM read_json('{events}', "
        "columns = {{'campaign_id': 'VARCHAR', 'clicks': 'BIGINT', 'impressions': 'BIGINT'}}) GROUP BY ALL"
    ),
}


def metrics(inbox: str, events: str) -> dict[str, dict[str, list[object]]]:
    """Return the groups of each metric with their values."""
    database = duckdb.connect()
    found = {}
    for name, query in QUERIES.items():
        rows = database.execute(query.format(inbox=inbox, events=events)).fetchall()
        found[name] = {str(key): list(values) for key, *values in rows}
    return found


if __name__ == "__main__":
    with open(sys.argv[3], "w", encoding="utf-8") as out:  # noqa: PTH123
        json.dump(metrics(sys.argv[1], sys.argv[2]), out)
