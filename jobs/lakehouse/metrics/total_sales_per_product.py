"""Sales per product."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F


def compute(transactions: DataFrame) -> DataFrame:
    """Return the sum of amounts per product: `produit`, `total_ventes`."""
    return (
        transactions.groupBy(F.col("product").alias("produit"))
        .agg(F.sum("amount").cast("decimal(38,2)").alias("total_ventes"))
        .select("produit", "total_ventes")
    )
