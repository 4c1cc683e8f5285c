"""Errors that a user can act on: each says what went wrong, why, and what to do next."""


class LakehouseError(Exception):
    """Root of every error that the lakehouse raises on purpose.

    `exit_code` is what a command ends with when the error reaches its `main`.
    """

    exit_code = 1


class SettingError(LakehouseError):
    """Raised when a setting has a value that cannot be used."""

    exit_code = 2

    def __init__(self, name: str, value: str, allowed: str) -> None:
        super().__init__(
            f"{name}={value!r} cannot be used: {allowed}. "
            "Set it in the environment, in the profile's file or in conf/lakehouse.env."
        )
        self.name, self.value, self.allowed = name, value, allowed


class OutputError(LakehouseError):
    """Raised when standard output cannot be written."""

    def __init__(self, cause: str | None) -> None:
        super().__init__(f"Standard output cannot be written to ({cause}). Free some space, or send it elsewhere.")


class ServiceError(LakehouseError):
    """Raised when HDFS, Kafka or another service does not start or does not answer."""


class LockedError(LakehouseError):
    """Raised when another job is already writing to this lake."""


class IntegrityError(LakehouseError):
    """Raised when counts, checkpoints or tables contradict each other; nothing is published then."""


class LossError(IntegrityError):
    """Raised where records are gone, or a table is not what the jobs have left: `what` and where, and the `way` on.

    `docs/losses.md` has all ways on in one place.
    """

    def __init__(self, what: str, way: str) -> None:
        super().__init__(f"{what} Nothing was made from it. {way} All ways on: docs/losses.md.")
        self.what, self.way = what, way


class NotBuiltError(LakehouseError):
    """Raised when a table that should be read has not been made yet."""


class ProposalError(LakehouseError):
    """Raised when no dataset can be proposed from a file, or its files are there already; nothing is written then."""

    exit_code = 2


class NoSuchColumnError(LakehouseError):
    """Raised for a column that a dataset does not have, or that cannot be used for what is asked."""

    exit_code = 2


class NoSuchRecordError(LakehouseError):
    """Raised for a record that bronze does not hold, a group that no metric has, a version that is not kept."""

    exit_code = 2
