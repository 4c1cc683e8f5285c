"""Customer transactions: what somebody bought, when, and for how much."""

from datetime import timedelta

import polars as pl

from lakehouse.judging.columns import date_range, text
from lakehouse.model import Chart, Column, Dataset, Field, Rule

_QUANTITY, _UNIT_PRICE, _AMOUNT = pl.col("quantity"), pl.col("unit_price"), pl.col("amount")

# Money that went back: quantity and amount are both negative.
_IS_REFUND = (text("payment_method").str.to_lowercase() == "refund") & (_QUANTITY < 0) & (_AMOUNT < 0)
_HAS_NO_AMOUNT = text("amount").is_null()

DERIVED = (
    pl.when(text("quantity").is_null()).then(1).otherwise(_QUANTITY).cast(pl.Int32).alias("quantity"),
    pl.when(_HAS_NO_AMOUNT)
    .then((_UNIT_PRICE * _QUANTITY).cast(pl.Decimal(14, 2), strict=False))
    .otherwise(_AMOUNT)
    .alias("amount"),
)

RULES = (
    Rule("required", _HAS_NO_AMOUNT & text("unit_price").is_null()),
    Rule("overflow", _HAS_NO_AMOUNT & _AMOUNT.is_null() & _UNIT_PRICE.is_not_null() & _QUANTITY.is_not_null()),
    Rule(
        "not_sold",
        ~_IS_REFUND.fill_null(False) & ((_QUANTITY <= 0) | (_AMOUNT < 0)),
        "Nothing is sold, by quantity or amount, and it is no refund.",
        "A refund has the payment method refund, and both quantity and amount below zero.",
    ),
    Rule("negative", _UNIT_PRICE < 0),
    Rule("date_range", date_range("transaction_date", ahead=timedelta(days=1))),
    Rule(
        "amount_mismatch",
        _AMOUNT != _UNIT_PRICE * _QUANTITY,
        "The amount is not quantity times unit price, to the cent.",
        "Mend the one that is wrong at the source, and send the record again.",
    ),
)

DATASET = Dataset(
    name="transactions",
    topic="transactions_topic",
    formats=("csv",),
    fields=(
        Field("TransactionID", Column("transaction_id", "string"), required=False),
        Field("ClientID", Column("client_id", "string")),
        Field("ClientName", Column("client_name", "string", personal=True)),
        Field("TransactionDate", Column("transaction_date", "timestamp")),
        Field("Product", Column("product", "string")),
        Field("Quantity", Column("quantity", "int"), required=False),
        Field("UnitPrice", Column("unit_price", "decimal(12,2)"), required=False),
        Field("Amount", Column("amount", "decimal(14,2)"), required=False),
        Field("PaymentMethod", Column("payment_method", "string")),
    ),
    key="transaction_id",
    time_column="transaction_date",
    rules=RULES,
    derived=DERIVED,
    chart=Chart("histogram", "How large transactions are", "amount, in the currency of the data", "amount"),
)
