"""What can be wrong with a question, said so that who asks can mend it."""

from typing import Any

from lakehouse.errors import LakehouseError


class QueryError(LakehouseError):
    """Raised for a question that cannot be answered as it is put."""

    exit_code = 2

    @property
    def detail(self) -> Any:
        """What an answer over HTTP says of it."""
        return str(self)


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

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.position, self.columns = position, list[str]()

    @property
    def detail(self) -> Any:
        """The message, the position and the columns."""
        return {"message": str(self), "position": self.position, "columns": self.columns}


class PersonalFilterError(FilterError):
    """Raised when a filter names a column that the asking user only sees masked."""

    @property
    def detail(self) -> Any:
        """The message and the position, in a text."""
        return f"{self} (at character {self.position})"
