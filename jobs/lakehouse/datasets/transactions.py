"""Customer transactions: what somebody bought, when, and for how much."""

from lakehouse.model import Column, Dataset, Field

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
)
