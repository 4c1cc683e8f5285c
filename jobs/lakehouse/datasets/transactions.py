"""Customer transactions: what somebody bought, when, and for how much."""

from lakehouse.model import Chart, Column, Dataset, Field, Rule

# Money that went back: quantity and amount are both negative.
_IS_REFUND = "LOWER(text_payment_method) = 'refund' AND quantity < 0 AND amount < 0"

DERIVED = (
    ("quantity", "CASE WHEN text_quantity IS NULL THEN 1 ELSE quantity END"),
    ("amount", "CASE WHEN text_amount IS NULL THEN unit_price * quantity ELSE amount END"),
)

RULES = (
    Rule("required", "text_amount IS NULL AND text_unit_price IS NULL"),
    Rule("overflow", "text_amount IS NULL AND amount IS NULL AND unit_price IS NOT NULL AND quantity IS NOT NULL"),
    Rule(
        "not_sold",
        f"NOT COALESCE({_IS_REFUND}, FALSE) AND (quantity <= 0 OR amount < 0)",
        "Nothing is sold, by quantity or amount, and it is no refund.",
        "A refund has the payment method refund, and both quantity and amount below zero.",
    ),
    Rule("negative", "unit_price < 0"),
    Rule(
        "date_range", "EXTRACT(YEAR FROM transaction_date) < 2000 OR transaction_date > ingested_at + INTERVAL '1 day'"
    ),
    Rule(
        "amount_mismatch",
        "amount <> unit_price * quantity",
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
