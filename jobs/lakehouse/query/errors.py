"""What can be wrong with a question, said so that who asks can mend it."""

from collections.abc import Iterable
from typing import Any

from lakehouse.errors import LakehouseError


class QueryError(LakehouseError):
    """Raised for a question that cannot be answered as it is put; `detail` says more where there is more to say."""

    exit_code = 2

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.detail: Any = message


class DeniedError(QueryError):
    """Raised for a question about what who asks may not read."""

    exit_code = 3


class GoneError(LakehouseError):
    """Raised when the files of a version were vacuumed away, or its table was made anew."""


class FilterError(QueryError):
    """Raised when a filter is not one condition of the allowed kind.

    `position` is the character, counted from 1, where the trouble starts (None where it has no one place), `columns`
    are the names that may be used; all three are the error's `detail`.
    """

    def __init__(self, message: str, position: int | None = None, columns: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.message, self.position, self.columns = message, position, tuple(columns)
        self.detail = {"message": message, "position": position, "columns": list(self.columns)}

    def placed(self, position: int | None, columns: Iterable[str] = ()) -> "FilterError":
        """Return the same error with a position and the columns, where it had none yet."""
        return type(self)(self.message, self.position or position, self.columns or columns)


class PersonalFilterError(FilterError):
    """Raised when a filter names a column that the asking user only sees masked."""

    def __init__(self, message: str, position: int | None = None, columns: Iterable[str] = ()) -> None:
        super().__init__(message, position, columns)
        self.detail = f"{message} (at character {position})"
