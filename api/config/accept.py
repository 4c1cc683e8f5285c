"""Which of a route's media types a request would have."""

from collections.abc import Sequence

JSON, CSV, ARROW = "application/json", "text/csv", "application/vnd.apache.arrow.stream"


def preferred(accept: str, kinds: Sequence[str]) -> str:
    """Return the media type that an Accept header prefers (RFC 9110, section 12.5.1), the first where it names none."""
    best, weight = kinds[0], 0.0
    for item in accept.split(","):
        kind, *rest = (part.strip().lower() for part in item.split(";"))
        quality = next((_quality(part[2:]) for part in rest if part.startswith("q=")), 1.0)
        if kind in kinds and quality > weight:
            best, weight = kind, quality
    return best


def _quality(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
