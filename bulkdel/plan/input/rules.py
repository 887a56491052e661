"""Which rows can be sent: the general rule for ids and each target's own, in Python and in SQL."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from bulkdel.job.job import Job
from bulkdel.plan import duck
from bulkdel.plan.ids import ID_BYTES
from bulkdel.providers import PROVIDERS
from bulkdel.providers.protocol import IdRule
from bulkdel.words import Operation

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")  # Unicode's category Cc: C0, DEL and C1
_SQL_CONTROL = r"[\x00-\x1f\x7f-\x{9f}]"
_BY_CHARACTER = re.compile(
    r"\[(?:[^\\\[\]]|\\.)+\]\+"
)  # a pattern that looks at each character alone
_PLAIN = frozenset(range(0x20, 0x7F)) | frozenset(range(0x80, 0x100)) - {0xC2}  # C2 begins C1


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRules:
    """What a row must keep to; rejects name the rule and the field.

    Attributes:
        id_rules: the providers' narrower rules, each once.
        to_field: None where rows are single accounts.
        refused: the column that the input must not have: the To field, where accounts are cleared.
    """

    id_rules: tuple[IdRule, ...]
    from_field: str
    to_field: str | None
    refused: str | None = None
    _patterns: tuple[tuple[str, re.Pattern[str]], ...] = field(init=False, repr=False)
    _ascii: bytes = field(init=False, repr=False)  # what no rule minds: most ids have nothing else

    def __post_init__(self) -> None:
        patterns = tuple((rule.name, re.compile(rule.pattern)) for rule in self.id_rules)
        object.__setattr__(self, "_patterns", patterns)
        object.__setattr__(self, "_ascii", bytes(sorted(self.fine_bytes() & set(range(0x80)))))

    def row_fault(self, from_id: bytes, to_id: bytes | None = None) -> str | None:
        """The reason why this row cannot be sent, or None."""
        if fault := self.id_fault(from_id):
            return f"{fault}: {self.from_field}"
        if to_id is None:
            return None
        if fault := self.id_fault(to_id):
            return f"{fault}: {self.to_field}"
        return "from_equals_to" if from_id == to_id else None

    def id_fault(self, account: bytes) -> str | None:
        """The rule that this id breaks, or None."""
        if 0 < len(account) <= ID_BYTES and not account.translate(None, self._ascii):
            return None
        return self._first_fault(account)

    def _first_fault(self, account: bytes) -> str | None:
        if not account:
            return "empty"
        if len(account) > ID_BYTES:
            return "too_long"
        try:
            text = account.decode()
        except UnicodeDecodeError:
            return "not_utf8"
        if _CONTROL.search(text):
            return "control_character"
        for name, pattern in self._patterns:
            if not pattern.fullmatch(text):
                return name
        return None

    def fine_bytes(self) -> frozenset[int]:
        """Bytes that no rule minds in an id of 1…ID_BYTES of UTF-8; others may be fine too."""
        fine = _PLAIN
        for _, pattern in self._patterns:
            if not _BY_CHARACTER.fullmatch(pattern.pattern):
                return frozenset()
            fine &= {byte for byte in range(0x80) if pattern.fullmatch(chr(byte))}
        return fine

    def sql(self) -> str:
        """The same rule as a predicate over the columns f and t; NULL counts as broken."""
        columns = ["f"] if self.to_field is None else ["f", "t"]
        terms = [f"strlen({column}) BETWEEN 1 AND {ID_BYTES}" for column in columns]
        for column in columns:
            terms.append(f"NOT regexp_matches({column}, {duck.literal(_SQL_CONTROL)})")
            terms += [
                f"regexp_full_match({column}, {duck.literal(rule.pattern)})"
                for rule in self.id_rules
            ]
        if self.to_field is not None:
            terms.append("f <> t")
        return " AND ".join(terms)


def rules_of(job: Job) -> RowRules:
    """The rules for every target of `job` together: a row that breaks one is sent to none."""
    pairs = job.operation is Operation.DELETE_FRIENDS
    rules = (PROVIDERS[target.provider].id_rule for target in job.targets)
    return RowRules(
        id_rules=_distinct(rules),
        from_field=job.input.from_field,
        to_field=job.input.to_field if pairs else None,
        refused=None if pairs or job.input.accounts_only else job.input.to_field,
    )


def _distinct(rules: Iterable[IdRule | None]) -> tuple[IdRule, ...]:
    return tuple(dict.fromkeys(rule for rule in rules if rule is not None))
