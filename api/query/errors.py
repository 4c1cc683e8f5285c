"""Why a query is not answered, each with its HTTP status and what to do next."""

from typing import Any

from rest_framework import exceptions, status

from query.filter_errors import FilterError


class BadFilterError(exceptions.APIException):
    """Raised for a filter that is refused; `detail` says what is wrong and where, and which columns there are."""

    status_code = status.HTTP_400_BAD_REQUEST

    def __init__(self, error: FilterError) -> None:
        super().__init__(error.message)
        said: Any = {"message": error.message, "position": error.position, "columns": list(error.columns)}
        self.detail = said


class BadParameterError(exceptions.APIException):
    """Raised for a parameter that cannot be used."""

    status_code = status.HTTP_400_BAD_REQUEST


class ForbiddenError(exceptions.PermissionDenied):
    """Raised where a user may not see a layer, or not filter on a personal column."""


class UnknownTableError(exceptions.NotFound):
    """Raised for a name that no table has."""


class UnknownVersionError(exceptions.NotFound):
    """Raised for a version or time outside what a table keeps."""


class GoneError(exceptions.APIException):
    """Raised when the files of a version were vacuumed away, or its table was made anew."""

    status_code = status.HTTP_410_GONE


class TooManyError(exceptions.Throttled):
    """Raised when a user has as many queries running as allowed."""

    def __init__(self, running: int) -> None:
        super().__init__(wait=1, detail=f"You have {running} queries running, which is the limit; wait for one to end.")
