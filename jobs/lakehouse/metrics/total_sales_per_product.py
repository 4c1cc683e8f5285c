"""Sales per product."""

from lakehouse.model import Aggregate, Chart, Column, Metric

METRIC = Metric(
    name="total_sales_per_product",
    dataset="transactions",
    key=Column("produit", "string"),
    group="product",
    aggregates=(
        Aggregate(Column("total_ventes", "decimal(38,2)"), "cast(sum(amount) as decimal(38,2))", "sum(total_ventes)"),
    ),
    comment="Sum of the amounts of all transactions per product.",
    dimensions=("payment_method",),
    chart=Chart(
        "totals",
        "Sales per product",
        "sum of amounts, in the currency of the data",
        noun="product",
        event="sale",
    ),
)
