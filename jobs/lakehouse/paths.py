"""Where each table, landed file and checkpoint of a lake is."""

LAYERS = ("bronze", "silver", "gold", "ledger")


def table(lake: str, name: str) -> str:
    """Return the URL of the table `name`, such as `silver.transactions` or `ledger.files`."""
    layer, _, rest = name.partition(".")
    return f"{lake}/{layer}/{rest}"


def landing(lake: str, dataset: str) -> str:
    """Return the URL of the folder that holds a dataset's landed files."""
    return f"{lake}/landing/{dataset}"


def checkpoint(lake: str, stream: str) -> str:
    """Return the URL of the checkpoint of the stream `stream`, such as `bronze.transactions.topic`."""
    return f"{lake}/checkpoints/{stream}"
