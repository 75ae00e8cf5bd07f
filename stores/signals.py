"""News of this room; receivers in higher rooms hear it inside the transaction and write rows."""

from django.dispatch import Signal

# violation (saved), created: bool, at, by: Membership | None, is_batch: bool, said_at: when the
# marketplace said so, or None. A violation was recorded or changed (state, points, times). In a
# batch what concerns the store as a whole may wait for ``batch_ended``.
violation_changed = Signal()

# stores: Collection[Store], at. A batch of changes to the violations of these stores is through.
batch_ended = Signal()

# store, value: int, measure: "rating" | "points_deducted", observed_at, source, at,
# by: Membership | None, notice: Notice | None. The marketplace's own number was seen.
platform_rating_seen = Signal()

# enforcement (saved), at; was: its kind before, where it was changed.
enforcement_changed = Signal()

# reading (saved), at.
reading_recorded = Signal()

# store, at. Its seller type, market or marketplace was set or changed.
store_changed = Signal()

# notice, finding: AppealFinding, store, at. The marketplace told the outcome of an appeal.
appeal_outcome_told = Signal()

# store, at. Mail has reached the store: what could bring bad news is alive.
mail_heard = Signal()

# notice, at, by. A notice that had acted was undone; what it wrote is taken back.
notice_undone = Signal()

# imported, violations: Collection[Violation], at, by. A file that was imported is undone: what it
# was the first to tell of is taken back.
import_undone = Signal()

# ids: of platform ratings that a file told, at, by. The file is undone: they are withdrawn.
platform_ratings_withdrawn = Signal()
