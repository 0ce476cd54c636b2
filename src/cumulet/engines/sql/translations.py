"""Translations that are kept, for the same text asked again.

A translation follows from the text, its parameters and what the catalog answers on the way (files never change). So
the answers are kept with it, and all of the questions are asked again at once: where every answer is as it was, the
translation is, too, and need not be parsed, resolved and checked anew.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace

from cumulet.engines.sql.base import Query
from cumulet.engines.sql.lakes import Lakes
from cumulet.engines.sql.trino.translation import Translation
from cumulet.engines.sql.witness import Asked

KEPT, LONG, MANY = 256, 10_000, 5_000  # translations; characters of a text, files that it reads


class Translations:
    """Those of one worker that were used last."""

    def __init__(self) -> None:
        self.kept: OrderedDict[Hashable, tuple[Translation, Asked]] = OrderedDict()

    def again(self, query: Query, lakes: Lakes, *, hasty: bool) -> Translation | None:
        """The translation of this query, if it is as it was."""
        key = (query.text, query.database, *query.parameters, hasty)
        if not keepable(query) or key not in self.kept:
            return None
        made, asked = self.kept[key]
        if not lakes.witness.confirms(asked):
            del self.kept[key]
            return None
        self.kept.move_to_end(key)
        lakes.places.update((file.path, file.name) for each in made.reads for file in each.files)
        return made

    def keep(self, query: Query, lakes: Lakes, made: Translation, *, hasty: bool) -> None:
        """A translation that has just been run to its end."""
        files = sum(len(each.files) for each in made.reads)
        if not keepable(query) or not lakes.witness.sure or not made.timeless or files > MANY:
            return
        key = (query.text, query.database, *query.parameters, hasty)
        self.kept[key] = replace(made, groups=(), checked=True), lakes.witness.asked
        if len(self.kept) > KEPT:
            self.kept.popitem(last=False)


def keepable(query: Query) -> bool:
    """Results that are printed: what writes tables is seldom said twice."""
    return query.output.format == "csv" and not query.target and not query.no_rows and len(query.text) <= LONG
