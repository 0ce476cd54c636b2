"""What the rules of a bucket's lifecycle say of one version of one object. Pure: no store, no clock.

Rules are kept as AWS's members, dates in epoch seconds. Where several speak of one object, the earliest
expiration counts, and of the storage classes the coldest; what is deleted for good needs no other class.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-conflicts.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from cumulet.services.s3.days import REAL, Calendar, told

Rule = Mapping[str, Any]

# From warm to cold: objects move down only.
# Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
DOWNWARDS = (
    "STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ONEZONE_IA", "GLACIER_IR", "GLACIER", "DEEP_ARCHIVE",
)  # fmt: skip
COLDNESS = {"REDUCED_REDUNDANCY": 0} | {name: place for place, name in enumerate(DOWNWARDS)}
SMALL = 128 << 10  # bytes below which moving an object costs more than it saves, so that AWS leaves it
VARIES, ALL_CLASSES = "varies_by_storage_class", "all_storage_classes_128K"
ANY_SIZE = ("GLACIER", "DEEP_ARCHIVE")  # classes that take small objects where the minimum varies


@dataclass(frozen=True, slots=True)
class Standing:
    """One version, as it stands among those of its key. `since` is when it ceased to be the current one."""

    key: str
    size: int
    modified: float
    storage: str
    current: bool
    marker: bool = False
    alone: bool = False  # the only version of its key
    since: float = 0.0
    newer: int = 0  # versions that are not current and newer than this one


@dataclass(frozen=True, slots=True)
class Fate:
    """What is to become of a version: another storage class ("": the same), and then its end."""

    expires: bool = False
    storage: str = ""

    def __bool__(self) -> bool:
        return self.expires or bool(self.storage)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """A bucket's rules, those that are enabled, and from which size on objects are moved."""

    rules: tuple[Rule, ...]
    minimum: str = ALL_CLASSES

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Lifecycle:
        enabled = tuple(rule for rule in kept["rules"] if rule["Status"] == "Enabled")
        return cls(enabled, kept["minimum"])

    @property
    def soonest(self) -> float:
        """The days before which nothing can be due for any version."""
        return min((days for rule in self.rules for days in _spans(rule)), default=0)

    def fate(
        self, of: Standing, tags: Mapping[str, str] | None, now: float, calendar: Calendar = REAL
    ) -> Fate:
        """What is due at `now`. Tags that are None are not known yet: any rule's may be there."""
        rules = [rule for rule in self.rules if matches(rule, of, tags)]
        expires = any(due <= now for rule in rules for due in _ends(rule, of, calendar))
        if of.marker:
            return Fate(expires)
        classes = [
            move["StorageClass"]
            for rule in rules
            for move, due in _moves(rule, of, calendar)
            if due <= now and self._takes(rule, move["StorageClass"], of.size)
        ]
        coldest = max(classes, key=COLDNESS.__getitem__, default="")
        return Fate(expires, coldest if coldest and COLDNESS[coldest] > COLDNESS[of.storage] else "")

    def expiration(self, of: Standing, tags: Mapping[str, str]) -> str | None:
        """The header that tells when a current version will expire, and by which rule."""
        ends = [
            (due, rule["ID"])
            for rule in self.rules
            if "Expiration" in rule and matches(rule, of, tags)
            for due in _ends(rule, of, REAL)
        ]
        if not ends:
            return None
        due, name = min(ends)
        return f'expiry-date="{told(due)}", rule-id="{quote(name, safe="")}"'

    def abortion(self, key: str, begun: float, calendar: Calendar = REAL) -> tuple[float, str] | None:
        """When an upload that was begun then is given up, and by which rule."""
        ends = [
            (calendar.due(begun, rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"]), rule["ID"])
            for rule in self.rules
            if "AbortIncompleteMultipartUpload" in rule and key.startswith(prefix(rule))
        ]
        return min(ends, default=None)

    def _takes(self, rule: Rule, storage: str, size: int) -> bool:
        """Whether an object is large enough to be moved: as the rule says, or as it is by default."""
        told_of = conditions(rule)
        if "ObjectSizeGreaterThan" in told_of or "ObjectSizeLessThan" in told_of:
            return True
        return size >= SMALL or (self.minimum == VARIES and storage in ANY_SIZE)


def conditions(rule: Rule) -> Mapping[str, Any]:
    """A rule's filter as one flat structure: Prefix, Tags and sizes, as `And` has them."""
    if "Filter" not in rule:
        return {"Prefix": rule.get("Prefix", "")}
    told_of = rule["Filter"]
    if "And" in told_of:
        both: Mapping[str, Any] = told_of["And"]
        return both
    return {**told_of, "Tags": [told_of["Tag"]]} if "Tag" in told_of else told_of


def prefix(rule: Rule) -> str:
    return str(conditions(rule).get("Prefix") or "")


def matches(rule: Rule, of: Standing, tags: Mapping[str, str] | None) -> bool:
    """Whether a rule is about a version. Delete markers have neither tags nor a size to be asked for."""
    wanted = conditions(rule)
    pairs = wanted.get("Tags") or []
    above, below = wanted.get("ObjectSizeGreaterThan"), wanted.get("ObjectSizeLessThan")
    if not of.key.startswith(wanted.get("Prefix") or ""):
        return False
    if of.marker and (pairs or above is not None or below is not None):
        return False
    if (above is not None and of.size <= above) or (below is not None and of.size >= below):
        return False
    return tags is None or all(tags.get(pair["Key"]) == pair["Value"] for pair in pairs)


def _spans(rule: Rule) -> Iterator[float]:
    """The days that a rule waits for; a date, and a marker with nothing below it, wait for none."""
    old = rule.get("NoncurrentVersionExpiration")
    moves = [*rule.get("Transitions", ()), *([rule["Expiration"]] if "Expiration" in rule else [])]
    yield from (move.get("Days", 0) for move in moves)
    for move in (*rule.get("NoncurrentVersionTransitions", ()), *([old] if old else [])):
        yield move.get("NoncurrentDays", 0)


def _ends(rule: Rule, of: Standing, calendar: Calendar) -> Iterator[float]:
    """When a rule ends a version. A current delete marker goes once nothing is left below it."""
    if not of.current:
        noncurrent = rule.get("NoncurrentVersionExpiration")
        if noncurrent and of.newer >= noncurrent.get("NewerNoncurrentVersions", 0):
            yield calendar.due(of.since, noncurrent["NoncurrentDays"])
        return
    expiration = rule.get("Expiration", {})
    if of.marker and not of.alone:
        return
    if "Days" in expiration:
        yield calendar.due(of.modified, expiration["Days"])
    elif "Date" in expiration:
        yield expiration["Date"]
    elif of.marker and expiration.get("ExpiredObjectDeleteMarker"):
        yield of.modified


def _moves(rule: Rule, of: Standing, calendar: Calendar) -> Iterator[tuple[Mapping[str, Any], float]]:
    if of.current:
        for move in rule.get("Transitions", ()):
            yield move, move["Date"] if "Date" in move else calendar.due(of.modified, move.get("Days", 0))
        return
    for move in rule.get("NoncurrentVersionTransitions", ()):
        if of.newer >= move.get("NewerNoncurrentVersions", 0):
            yield move, calendar.due(of.since, move.get("NoncurrentDays", 0))


def prefixes(rules: Iterable[Rule]) -> list[str]:
    """The parts of a bucket that rules speak of, none of them within another."""
    found: list[str] = []
    for each in sorted({prefix(rule) for rule in rules}):
        if not found or not each.startswith(found[-1]):
            found.append(each)
    return found
