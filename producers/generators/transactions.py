"""Sales of the shop: clients buy products of the catalogue, some of them at a discount."""

from decimal import Decimal
from functools import lru_cache

from faker import Faker

from lakehouse.datasets.transactions import DATASET
from producers.generators.breakage import CSV_BREAKAGES, JSON_BREAKAGES, absent, again, changed, contradiction, wrong
from producers.generators.catalogue import PRODUCTS
from producers.generators.drawing import Draw, Record, Rng, moment, money, pick, wheel
from producers.generators.sequence import Generator

_CLIENTS = 800
_PRODUCTS = wheel((p, p.weight) for p in PRODUCTS)
_QUANTITIES = wheel(((1, 60), (2, 22), (3, 9), (4, 5), (5, 3), (10, 1)))
_DISCOUNTS = wheel(((0, 14), (5, 2), (10, 3), (20, 1)))
_PAYMENTS = wheel((("card", 55), ("paypal", 20), ("transfer", 12), ("apple_pay", 8), ("gift_card", 5)))


@lru_cache(maxsize=4)
def prepare(seed: int) -> Draw:
    """Return the function that draws a sale from this seed's clients; Amount is Quantity x UnitPrice to the cent."""
    fake = Faker(["en_GB", "fr_FR", "de_DE"])
    fake.seed_instance(f"{seed}:clients")
    clients = [(f"C{number:05d}", fake.name()) for number in range(1, _CLIENTS + 1)]

    def draw(rng: Rng, ident: str) -> Record:
        client_id, client_name = pick(rng, clients)
        product, quantity = pick(rng, _PRODUCTS), pick(rng, _QUANTITIES)
        cents = product.cents * (100 - pick(rng, _DISCOUNTS)) // 100
        return {
            "TransactionID": ident,
            "ClientID": client_id,
            "ClientName": client_name,
            "TransactionDate": moment(rng),
            "Product": product.name,
            "Quantity": quantity,
            "UnitPrice": money(cents),
            "Amount": money(cents * quantity),
            "PaymentMethod": pick(rng, _PAYMENTS),
        }

    return draw


def _another_payment(record: Record) -> Record:
    return {"PaymentMethod": "cash" if record["PaymentMethod"] == "card" else "card"}


def _a_cent_more(record: Record) -> Record:
    return {"Amount": Decimal(str(record["Amount"])) + Decimal("0.01")}


BREAKAGES = (
    wrong("date_in_another_form", "date", "TransactionDate", "31/12/2024", "2025-1-5", "20250102", "yesterday"),
    wrong("date_that_does_not_exist", "date", "TransactionDate", "2025-02-30", "2025-06-01 25:00:00"),
    wrong("date_out_of_range", "date_range", "TransactionDate", "2099-01-01", "1999-12-31 23:59:59"),
    wrong("amount_in_another_form", "number_format", "Amount", "1,234.56", "$5", "1e3", "NaN", "0x10"),
    wrong("amount_with_three_places", "scale", "Amount", "12.345"),
    wrong("amount_too_large", "overflow", "Amount", "123456789012345.00"),
    changed("amount_a_cent_off", "amount_mismatch", "Quantity", _a_cent_more),
    wrong("quantity_not_whole", "number_format", "Quantity", "3.7", "three"),
    wrong("quantity_not_positive", "not_sold", "Quantity", -2, 0),
    absent("Product"),
    absent("ClientID"),
    wrong("control_character", "control_char", "ClientName", "Ann\x00 Smith", "Ann\x07 Smith"),
    wrong("latin_1_bytes", "encoding", "ClientName", "Ren\udce9 Dupr\udce9"),
    again("TransactionID"),
    contradiction("TransactionID", _another_payment),
    *CSV_BREAKAGES,
    *JSON_BREAKAGES,
)

GENERATOR = Generator(
    DATASET,
    prepare,
    BREAKAGES,
    partition_by="TransactionID",
    simple=("ClientID", "ClientName", "TransactionDate", "Product", "Amount", "PaymentMethod"),
    file_formats={"full": "csv", "simple": "csv"},
)
