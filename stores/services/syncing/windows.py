"""Parts of a window: a marketplace refuses to list too much at once, so it is asked for less."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, Self

_WRITTEN: Final = re.compile(r"([0-9]+)-([0-9]+)-(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Part:
    """What is asked for next: ``[starts_at, ends_at)``, in whole seconds, and a page of it."""

    starts_at: datetime
    ends_at: datetime
    page_token: str | None = None

    @classmethod
    def read(cls, text: str | None, starts_at: datetime, ends_at: datetime) -> Self:
        """Return what ``written`` wrote, or all of the window where a run begins."""
        found = _WRITTEN.fullmatch(text or "")
        if found is None:
            return cls(starts_at.replace(microsecond=0), ends_at.replace(microsecond=0))
        first, last = (datetime.fromtimestamp(int(each), UTC) for each in found.group(1, 2))
        return cls(first, last, found[3] or None)

    def written(self) -> str:
        seconds = int(self.starts_at.timestamp()), int(self.ends_at.timestamp())
        return f"{seconds[0]}-{seconds[1]}-{self.page_token or ''}"

    def halved(self) -> Self | None:
        """Return the earlier half, from its first page on; None where it is one second."""
        middle = (self.starts_at + (self.ends_at - self.starts_at) / 2).replace(microsecond=0)
        if middle <= self.starts_at:
            return None
        return replace(self, ends_at=middle, page_token=None)

    def following(self, page_token: str | None, ends_at: datetime) -> Self | None:
        """Return what comes after a page of it, up to ``ends_at``; None: nothing."""
        if page_token is not None:
            return replace(self, page_token=page_token)
        end = ends_at.replace(microsecond=0)
        if self.ends_at >= end:
            return None
        return replace(self, starts_at=self.ends_at, ends_at=end, page_token=None)
