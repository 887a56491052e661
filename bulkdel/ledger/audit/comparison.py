"""ledger.jsonl against the lines that belong into it, in one pass and in bounded memory.

As long as the bytes agree they are compared in bulk. Where they do not, both sides are cut into
lines and the nearest place is looked for from which they agree again (no two lines of a sound
ledger are alike): what stands before it was changed, removed or put there.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Sequence

from bulkdel import files
from bulkdel.ledger.audit.findings import Finding, Findings, excerpt
from bulkdel.ledger.ledger_file import LEDGER, agreeing_bytes, is_object

_WINDOW_BYTES = 4 << 20
_REMEMBERED = 2000
_MOST_PLACES = 1000
"""Places that differ before the pass is given up; each costs a look at the whole window."""

_NOTHING_BYTES = 1 << 20


class Comparison:
    """One pass over the open ledger.

    Attributes:
        line: lines that were read so far.
        pending: lines that belong at the end of the file and that it may still lack.
    """

    def __init__(self, descriptor: int, findings: Findings) -> None:
        self._descriptor = descriptor
        self._size = os.fstat(descriptor).st_size
        self._findings = findings
        self._at = 0
        self._waiting: list[bytes] = []  # lines that belong here, while both sides differ
        self._waiting_bytes = 0
        self._waiting_pending = 0  # of those, the last ones that the file may lack
        self._places = 0
        self._over = False  # the file has ended, or what is left of it is torn
        self._missing = 0
        self._absent: OrderedDict[bytes, int] = OrderedDict()
        self._strange: OrderedDict[bytes, int] = OrderedDict()
        self._recent: OrderedDict[bytes, int] = OrderedDict()
        self._agreed = b""
        self._agreed_line = 0
        self._given_up = False  # nothing agreed any more
        self.line = 0
        self.pending = 0

    def expect(self, data: bytes, *, pending: bool = False) -> None:
        """That `data`, whole lines, comes next.

        Args:
            data: at most a few MiB.
            pending: whether the file may end before it or within it, as after a crash.
        """
        if self._given_up or not data:
            return
        if self._over:
            self._lack(data.count(b"\n"), pending=pending)
            return
        if not self._waiting:
            if files.read_at(self._descriptor, len(data), self._at) == data:
                self._agreed, self._agreed_line = data, self.line
                self._at += len(data)
                self.line += data.count(b"\n")
                return
            if pending and self._is_torn(data):
                self._over = True
                self._lack(data.count(b"\n"), pending=True)
                self._size = self._at
                return
        lines = _lines(data)
        self._waiting += lines
        self._waiting_bytes += len(data)
        self._waiting_pending += len(lines) if pending else 0
        if self._waiting_bytes >= _WINDOW_BYTES:
            self._settle(more=True)

    def finish(self) -> None:
        """That nothing else comes."""
        if self._given_up:
            return
        if self._waiting:
            self._settle(more=False)
        if self._missing:
            lines = "1 line is" if self._missing == 1 else f"{self._missing:,} lines are"
            self._note(f"the file ends here, but {lines} missing", self.line + 1, self._at)
        elif self._at < self._size and not self._given_up:
            self._leftover()

    def _lack(self, lines: int, *, pending: bool) -> None:
        if pending:
            self.pending += lines
        else:
            self._missing += lines

    def _is_torn(self, data: bytes) -> bool:
        """Whether the file goes on as `data` does and then ends, or holds nothing but NUL bytes.

        That is what a crash or a power cut leaves of lines that were on their way.
        """
        present = files.read_at(self._descriptor, len(data), self._at)
        same = agreeing_bytes(present, data)
        if present[same:].strip(b"\0"):
            return False
        begin = self._at + len(present)
        while rest := files.read_at(self._descriptor, _NOTHING_BYTES, begin):
            if rest.strip(b"\0"):
                return False
            begin += len(rest)
        self.pending -= present[:same].count(b"\n")
        return True

    def _settle(self, *, more: bool) -> None:
        """Explain how what waits differs from the file; some of it may go on waiting."""
        while self._waiting and not self._given_up:
            present = self._window()
            agreed = 0
            for one, other in zip(self._waiting, present, strict=False):
                if one != other:
                    break
                agreed += 1
            self._go_on(present[: max(0, agreed - _REMEMBERED)])
            for line in present[max(0, agreed - _REMEMBERED) : agreed]:
                self._remember(self._recent, line)
                self._go_on([line])
            self._drop(agreed)
            present = present[agreed:]
            if not self._waiting:
                return
            if self._at + len(b"".join(present[:1])) >= self._size and self._waiting[0].startswith(
                b"".join(present)
            ):
                self._end()
                return
            if agreed and more and self._waiting_bytes < _WINDOW_BYTES // 2:
                return
            self._explain(present, more=more)

    def _end(self) -> None:
        """The file ends before or within the first line that waits."""
        self._at = self._size
        self._over = True
        due = len(self._waiting) - self._waiting_pending
        self._lack(due, pending=False)
        self._lack(self._waiting_pending, pending=not due)
        self._drop(len(self._waiting))

    def _window(self) -> list[bytes]:
        """The file's next lines; a line that the window cuts is left out unless it is the only."""
        data = files.read_at(self._descriptor, _WINDOW_BYTES, self._at)
        lines = _lines(data)
        if self._at + len(data) < self._size and len(lines) > 1:
            lines.pop()
        return lines

    def _explain(self, present: Sequence[bytes], *, more: bool) -> None:
        whole = self._at + sum(map(len, present)) >= self._size
        lacking, strange = _agree_again(self._waiting, present)
        self._places += 1
        why = ""
        if self._places > _MOST_PLACES:
            why = f"more than {_MOST_PLACES:,} places differ"
        elif lacking < 0 and (more or not whole):
            why = (
                "from here on the file is not what was written to it: nothing agrees for "
                f"{len(present):,} lines"
            )
        if why:
            self._given_up = True
            what = f"{why}. What follows was not compared"
            self._note(what, self.line + 1, self._at, present[0], self._waiting[0])
            return
        if lacking < 0:
            lacking, strange = len(self._waiting), len(present)
        changed = min(lacking, strange)
        for at in range(changed):
            self._change(present[at], self._waiting[at])
        if lacking > changed:
            self._remove(self._waiting[changed:lacking])
        for stranger in present[changed:strange]:
            self._stranger(stranger)
        self._drop(lacking)

    def _change(self, present: bytes, expected: bytes) -> None:
        offset = self._at + agreeing_bytes(present, expected)
        self._note(
            self._described(present, "the line was changed"),
            self.line + 1,
            offset,
            present,
            expected,
        )
        self._remember(self._absent, expected)
        self._remember(self._strange, present)
        self._go_on([present])

    def _remove(self, expected: Sequence[bytes]) -> None:
        lines = "a line is" if len(expected) == 1 else f"{len(expected):,} lines are"
        moved = self._strange.get(expected[0])
        what = f"{lines} missing here"
        if moved is not None:
            what = f"the line that stands at line {moved:,} belongs here"
        self._note(what, self.line + 1, self._at, b"", expected[0])
        for one in expected[:_REMEMBERED]:
            self._remember(self._absent, one)

    def _stranger(self, present: bytes) -> None:
        what = self._described(present, "this line does not belong here")
        self._note(what, self.line + 1, self._at, present)
        self._remember(self._strange, present)
        self._go_on([present])

    def _described(self, present: bytes, otherwise: str) -> str:
        """What a wrong line is: known from elsewhere, no line of a ledger, or `otherwise`."""
        elsewhere = self._absent.get(present)
        if elsewhere is not None:
            return f"this line belongs at line {elsewhere:,}"
        if present in self._waiting:
            return "this line belongs further down"
        line = self._recent.get(present) or self._agreed_at(present)
        if line:
            return f"this line repeats line {line:,}"
        if not is_object(present):
            return f"{otherwise}, and is no JSON object"
        return otherwise

    def _agreed_at(self, present: bytes) -> int:
        """Which line of those that last agreed in bulk this is; 0 if none."""
        if not present.endswith(b"\n"):
            return 0
        place = (b"\n" + self._agreed).find(b"\n" + present)
        return self._agreed_line + self._agreed[:place].count(b"\n") + 1 if place >= 0 else 0

    def _leftover(self) -> None:
        """What stands after the last line that belongs there."""
        for line in _lines(files.read_at(self._descriptor, _NOTHING_BYTES, self._at)):
            if self._findings.full:
                break
            self._stranger(line)
        if self._at < self._size:
            rest = self._size - self._at
            self._note(f"{rest:,} bytes more do not belong here", self.line + 1, self._at)

    def _remember(self, lines: OrderedDict[bytes, int], one: bytes) -> None:
        if len(one) <= _NOTHING_BYTES // 64:
            lines[one] = self.line + 1
            while len(lines) > _REMEMBERED:
                lines.popitem(last=False)

    def _go_on(self, lines: Sequence[bytes]) -> None:
        self._at += sum(map(len, lines))
        self.line += len(lines)

    def _drop(self, count: int) -> None:
        self._waiting_bytes -= sum(map(len, self._waiting[:count]))
        del self._waiting[:count]
        self._waiting_pending = min(self._waiting_pending, len(self._waiting))

    def _note(
        self, what: str, line: int, offset: int, present: bytes = b"", expected: bytes = b""
    ) -> None:
        self._findings.add(
            Finding(
                file=LEDGER,
                what=what,
                line=line,
                offset=offset,
                found=excerpt(present),
                expected=excerpt(expected),
            )
        )


def _agree_again(ours: Sequence[bytes], theirs: Sequence[bytes]) -> tuple[int, int]:
    """How many lines of each to skip so that both go on alike, as few as can be; -1, -1 if none."""
    place = {line: at for at, line in reversed(list(enumerate(ours)))}
    best = (-1, -1)
    least = len(ours) + len(theirs) + 1
    for at, line in enumerate(theirs):
        if at >= least:
            break
        same = place.get(line)
        if same is not None and same + at < least:
            best, least = (same, at), same + at
    return best


def _lines(data: bytes) -> list[bytes]:
    """Lines with their ends, cut at newlines alone."""
    cut = data.split(b"\n")
    last = cut.pop()
    lines = [line + b"\n" for line in cut]
    return [*lines, last] if last else lines
