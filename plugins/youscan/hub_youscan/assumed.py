"""What the vendor does not document and the connector relies on all the same. Everything assumed stands here.

The vendor's document names the operations and their parameters; the points below are our reading of it (vendor
sheet, the facts marked as inferred, and section 15). When one turns out wrong, this is the place to mend it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

HIDDEN_SWEEPS: Mapping[str, Mapping[str, str]] = {"deleted": {"deleted": "true"}, "spam": {"spam": "true"}}
"""Sweeps and the parameters that list *only* mentions in the Bin, or *only* those marked as spam (section 5)."""

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""No mention was published before. Without ``from`` the last six days would be all that is read (section 1)."""

LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""No mention says it was published later. ``to`` is sent on every request as well: by default it ends today in the
zone of the key's owner, and a mention dated beyond it (forums and calendars do that) would be passed by the cursor for
good, whatever number of days were added (section 5). That the vendor takes a date far ahead is our reading."""

FIRST_WAIT = timedelta(seconds=10)
"""Least wait after a 429, which names none: the limit counts by ten seconds (section 8)."""


def same_post(platform: str | None, post_id: str | None) -> str | None:
    """Return the name of the post itself, the same in every topic that found it (section 7).

    ``postId`` is unique inside its source only: where *platform* is not known, nothing names the post.
    """
    return f"{platform}/{post_id}" if platform and post_id else None


def may_be_one_bad_item(status: int | None) -> bool:
    """Whether a refused bulk update may be refused for one of its items alone.

    Partial failure is not documented: a 400 is taken for the whole batch, nothing of it done (section 9).
    """
    return status == 400
