"""The one form of a rule's id, and of a reference that is one.

"Sigma Rules Specification" 2.1.0, Id: a UUID; its JSON schema says ``format: uuid``, the text of
RFC 9562, section 4, whose hexadecimal digits are written in lower case and read in both. Python's
``UUID`` reads more: braces, ``urn:uuid:``, hyphens anywhere, and what ``int`` takes for digits
(underscores, blanks, the digits of other scripts), so that two texts may be one id.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any
from uuid import UUID

from trident.base.diagnostics import Diagnostic, Severity, Span, TridentError

_CODE = "TRI119"
_SHOWN = 60
"""How much of what is no id is shown."""
_CANONICAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_READABLE = re.compile(r"(?:urn:uuid:)?(?:\{([0-9a-f-]+)\}|([0-9a-f-]+))", re.IGNORECASE | re.ASCII)


def canonical(text: str) -> str | None:
    """The id that a text stands for, in lower case and with hyphens; None where it is none."""
    if _CANONICAL.fullmatch(text):
        return text
    written = _READABLE.fullmatch(text)
    digits = (written[1] or written[2]).replace("-", "") if written else ""
    return str(UUID(hex=digits)) if len(digits) == 32 else None


def reference(text: str) -> str:
    """What a rule is looked up by: an id in its one form, any other name as it is written."""
    return canonical(text) or text


def read_id(written: Any, place: Span) -> tuple[str, Diagnostic | None]:
    """The id that stands at ``place``, and a warning where it is written in another form.

    Raises:
        TridentError: TRI119 for an id that is no UUID.
    """
    known = canonical(written) if isinstance(written, str) else None
    if known is None:
        meant = canonical(_ascii(str(written)))
        hint = f"write {meant}" if meant else ""
        shown = str(written)[:_SHOWN]
        more = " ..." if len(str(written)) > _SHOWN else ""
        raise TridentError(_CODE, f"{shown!r}{more} is no UUID", span=place, hint=hint)
    if known == written:
        return known, None
    other = TridentError(
        _CODE,
        f"{written!r} is read as the id {known}",
        span=place,
        hint=f"write {known}",
        severity=Severity.WARNING,
    )
    return known, other.diagnostic


def _ascii(text: str) -> str:
    """The text with each digit of another script or width as the digit that it is."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(char, char)) for char in folded)
