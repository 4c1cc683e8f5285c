"""What can be wrong with a filter, said so that its writer can mend it."""

from collections.abc import Iterable
from typing import Any

from config.refusals import BadParameterError
from lakehouse.errors import LakehouseError


class FilterError(LakehouseError):
    """Raised when a filter is not one condition of the allowed kind.

    `position` is the character, counted from 1, where the trouble starts (None where it has no one place), `columns`
    are the names that may be used.
    """

    def __init__(self, message: str, position: int | None = None, columns: Iterable[str] = ()) -> None:
        super().__init__(message if position is None else f"{message} (at character {position})")
        self.message, self.position, self.columns = message, position, tuple(columns)

    def placed(self, position: int | None, columns: Iterable[str] = ()) -> "FilterError":
        """Return the same error with a position and the columns, where it had none yet."""
        return type(self)(self.message, self.position or position, self.columns or columns)


class PersonalFilterError(FilterError):
    """Raised when a filter names a column that the asking user only sees masked."""


class BadFilterError(BadParameterError):
    """Raised for a filter that is refused; `detail` says what is wrong and where, and which columns there are."""

    def __init__(self, error: FilterError) -> None:
        super().__init__(error.message)
        said: Any = {"message": error.message, "position": error.position, "columns": list(error.columns)}
        self.detail = said
