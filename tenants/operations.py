"""Operations of migrations."""

from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently


class AddPublicIndexConcurrently(AddIndexConcurrently):
    """Builds an index of a public table beside those who write to it.

    An agency's schema is made in one transaction, and has no such table: Django's own operation
    asks for the transaction first, and refuses what it would not have done.
    """

    def database_forwards(
        self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any
    ) -> None:
        model = to_state.apps.get_model(app_label, self.model_name)
        if self.allow_migrate_model(schema_editor.connection.alias, model):
            super().database_forwards(app_label, schema_editor, from_state, to_state)
