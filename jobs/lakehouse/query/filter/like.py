"""LIKE patterns as regular expressions of RE2, which match in time linear to the text."""

from lakehouse.query.errors import FilterError


def regex(pattern: str, escape: str | None = None, *, ignore_case: bool) -> str:
    """Return the regular expression for a LIKE pattern: % is any text, _ any one character, both after `escape` plain.

    Without ESCAPE no character escapes (SQL:2016, 8.5). Raises FilterError for an escape that is not one character or
    stands before anything but %, _ and itself.
    """
    if escape is not None and len(escape) != 1:
        raise FilterError("ESCAPE needs exactly one character.")
    parts = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            following = next(characters, "")
            if following not in ("%", "_", escape) or not following:
                raise FilterError(f"In LIKE, ESCAPE {escape!r} must stand before %, _ or itself.")
            parts.append(_quoted(following))
        else:
            parts.append({"%": ".*", "_": "."}.get(character) or _quoted(character))
    return f"(?s{'i' if ignore_case else ''})\\A(?:{''.join(parts)})\\z"


def _quoted(character: str) -> str:
    return character if character.isalnum() or ord(character) > 127 else f"\\x{{{ord(character):x}}}"
