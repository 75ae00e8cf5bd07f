"""Reads JSON bodies, and refuses what no field of ours could hold or tell of."""

import codecs
import json
from collections.abc import Mapping
from typing import IO, Any, Final, NoReturn

from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.settings import api_settings

_DEEPEST: Final = 16  # an object in a list in an object is three deep
_LONGEST_NAME: Final = 60


class StrictJSONParser(BaseParser):
    """Takes UTF-8 JSON without NaN, NUL, halves of a pair of surrogates, or endless nesting."""

    media_type = "application/json"
    renderer_class = JSONRenderer

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,  # noqa: ARG002 - DRF's signature
        parser_context: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> Any:
        try:
            text = stream.read().removeprefix(codecs.BOM_UTF8).decode()
            body = json.loads(text, parse_constant=_refuse_constant)
        except RecursionError as error:
            raise ParseError(_TOO_DEEP) from error
        except ValueError as error:
            raise ParseError(f"JSON parse error: {error}"[:200]) from error
        if isinstance(body, dict):
            for name, value in body.items():
                _check(name, None)
                _check(value, name[:_LONGEST_NAME])
        else:
            _check(body, None)
        return body


_TOO_DEEP: Final = f"This is nested more than {_DEEPEST} levels deep."


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON's")


def _check(value: Any, field: str | None) -> None:
    """Go through ``value`` without recursion, however deep it is."""
    level, values = 1, [value]
    while values:
        below: list[Any] = []
        for each in values:
            if isinstance(each, str):
                _check_text(each, field)
            elif isinstance(each, dict):
                below += [*each, *each.values()]
            elif isinstance(each, list):
                below += each
        level, values = level + 1, below
        if level > _DEEPEST and values:
            _refuse(field, _TOO_DEEP, "too_deep")


def _check_text(text: str, field: str | None) -> None:
    if "\x00" in text:
        _refuse(field, "Null characters are not allowed.", "null_characters_not_allowed")
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        _refuse(field, "Half a pair of surrogates is no character.", "surrogates_not_allowed")


def _refuse(field: str | None, words: str, code: str) -> NoReturn:
    raise ValidationError({field or api_settings.NON_FIELD_ERRORS_KEY: words}, code=code)
