"""What is assumed of Request Tracker, not known: each with what follows if it is wrong."""

from datetime import timedelta

ZONES = timedelta(hours=13)
"""No account lives further west of Greenwich than this (the furthest zone is 12 hours). TicketSQL reads times in the
account's zone, which the API does not tell; a search bound is moved back by this much. Wrong: changes would be seen
only by the sweep."""

COMMIT = timedelta(minutes=2)
"""How long RT may take from stamping a change to showing it. Wrong: as above."""

TEXT_CHARS = 100_000
"""Characters of one text that every database of RT takes; what is longer is cut."""

SUBJECT_CHARS = 200
"""Characters of a subject: RT's column has 200. Wrong: the database cuts it or the create fails."""
