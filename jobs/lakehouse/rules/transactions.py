"""Rules for transactions."""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from lakehouse.judge import Rule, date_range


def with_derived(df: DataFrame) -> DataFrame:
    """Fill the quantity with 1 and the amount with quantity x unit price where the record gives none."""
    quantity = F.when(F.col("text_quantity").isNull(), F.lit(1)).otherwise(F.col("quantity"))
    product = F.try_multiply("unit_price", quantity).try_cast("decimal(14,2)")
    amount = F.when(F.col("text_amount").isNull(), product).otherwise(F.col("amount"))
    return df.withColumns({"quantity": quantity, "amount": amount})


def rules() -> list[Rule]:
    """Return the rules on ranges and on the agreement of quantity, price and amount."""
    return [
        ("required", F.col("text_amount").isNull() & F.col("text_unit_price").isNull()),
        ("range", ~_is_refund() & ((F.col("quantity") <= 0) | (F.col("amount") < 0)) | (F.col("unit_price") < 0)),
        ("date_range", date_range("transaction_date", ahead="1 day")),
        ("amount_mismatch", F.col("amount") != F.try_multiply("unit_price", F.col("quantity"))),
    ]


def _is_refund() -> Column:
    """Return whether quantity and amount are negative because the money went back."""
    is_negative = (F.col("quantity") < 0) & (F.col("amount") < 0)
    return F.coalesce((F.lower("text_payment_method") == "refund") & is_negative, F.lit(False))
