"""Why a request is not answered: each reason with its HTTP status and what to do next."""

from rest_framework import exceptions, status

AWAY = "The lake cannot be read at the moment. Try again shortly; whoever runs it can look with `make status`."


class UnavailableError(exceptions.APIException):
    """Raised when an answer is not to be had now; `wait` is after how many seconds to ask again."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE

    def __init__(self, detail: str, wait: int = 5) -> None:
        super().__init__(detail)
        self.wait = wait


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
    """Raised when a user has as many of something running as allowed."""

    def __init__(self, running: int, what: str) -> None:
        super().__init__(wait=1, detail=f"You have {running} {what} running, which is the limit; wait for one to end.")
