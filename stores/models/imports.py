"""Files that members bring in: their rows while they wait, and what came of them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from stores.models.stores import Store
from tenants.base import AgencyModel, MembershipKey


class Import(AgencyModel):
    """A file that a member brought in: read, checked, previewed, then written whole or not."""

    class State(models.TextChoices):
        CHECKING = "checking", _("Is being checked")
        PREVIEW = "preview", _("Waits for your word")
        WRITING = "writing", _("Is being written")
        DONE = "done", _("Imported")
        DISCARDED = "discarded", _("Discarded")
        UNDONE = "undone", _("Taken back")

    kind = models.CharField(max_length=20)  # a code of stores.services.imports.registry
    file_name = models.CharField(max_length=200)
    sheet = models.CharField(max_length=100, blank=True)  # of a workbook
    encoding = models.CharField(max_length=20, blank=True)
    headers = models.JSONField(default=list)  # of the columns that were kept
    mapping = models.JSONField(default=dict)  # columns, and how days and decimals are written
    fingerprint = models.CharField(max_length=64, blank=True)  # of all the file's headers
    state = models.CharField(max_length=16, choices=State, default=State.PREVIEW)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, null=True, related_name="imports")
    rows = models.PositiveIntegerField(default=0)
    checked = models.PositiveIntegerField(default=0)
    written = models.PositiveIntegerField(default=0)
    result = models.JSONField(default=dict)  # rows by what became of them
    refused = models.TextField(blank=True)  # why the last try to write it wrote nothing
    made_by = MembershipKey(null=True)
    made_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)
    undone_by = MembershipKey(null=True)
    undone_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.file_name


class ImportRow(AgencyModel):
    """A row of a file that waits for its import's end; then it is gone."""

    class What(models.TextChoices):
        UNCHECKED = "", _("not checked yet")
        NEW = "new", _("new")
        UPDATE = "update", _("brings up to date")
        SAME = "same", _("known, nothing new")
        REPEATED = "repeated", _("repeated in the file")
        WRONG = "wrong", _("cannot be taken")

    imported = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="staged")
    line = models.PositiveIntegerField()  # in the file, from 1
    cells = models.TextField()  # sealed: the kept columns, JSON
    what = models.CharField(max_length=8, choices=What, blank=True)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, null=True, related_name="+")
    key = models.CharField(max_length=200, blank=True)  # what tells it from others of the file
    values = models.JSONField(null=True)  # what its cells say
    troubles = models.JSONField(default=list)  # [[column's name, excerpt, why]]
    is_like = models.BooleanField(default=False)  # something like it stands, and may be the same
    assumes_zone = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["imported", "line"], name="import_row_once_a_line")
        ]
        indexes = [models.Index(fields=["imported", "key"], name="import_row_by_key")]

    def __str__(self) -> str:
        return str(self.line)


class ImportMark(AgencyModel):
    """A row that an import wrote, and what stood there before: what its undoing goes by."""

    imported = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="marks")
    noun = models.CharField(max_length=20)  # the model's name in lower case
    object_id = models.UUIDField()
    was = models.JSONField(null=True)  # None: nothing stood there

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["imported", "noun", "object_id"], name="import_mark_once"
            )
        ]

    def __str__(self) -> str:
        return str(self.object_id)


class ImportMapping(AgencyModel):
    """Which column of files with these headers holds which field, as a member last said."""

    kind = models.CharField(max_length=20)
    fingerprint = models.CharField(max_length=64)
    columns = models.JSONField(default=dict)  # field: the column's place among all headers
    dates = models.CharField(max_length=8, blank=True)
    decimals = models.CharField(max_length=8, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "fingerprint"], name="import_mapping_once")
        ]

    def __str__(self) -> str:
        return self.kind
