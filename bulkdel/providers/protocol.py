"""What a provider is to the rest of the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, assert_never

from bulkdel.providers.codes import CodeTable
from bulkdel.providers.operations import (
    Command,
    Cursor,
    HarmlessCall,
    Hearing,
    Limits,
    OperationCalls,
    Page,
    PutBack,
)
from bulkdel.providers.purge import Purge
from bulkdel.providers.rehearsal import Rehearsed
from bulkdel.words import (
    Answer,
    AnyOperation,
    Batch,
    Entry,
    Errand,
    Mode,
    Operation,
    Pull,
    Ruling,
    Sweep,
)


class Secret:
    """A secret that shows itself to nobody who does not ask: its repr and str are stars."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for signing only."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __reduce__(self) -> str:
        raise TypeError("a Secret is never pickled or copied into a file")


@dataclass(frozen=True, slots=True, kw_only=True)
class IdRule:
    """A provider's narrower rule for account ids, beside 1…32 bytes without control characters.

    Attributes:
        name: as it stands in rejects.jsonl's reason, a word such as "charset".
        words: the rule as a person reads it.
        pattern: what the whole id must match; a regular expression that Python's re and RE2
            read alike.
    """

    name: str
    words: str
    pattern: str


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """The provider's app that calls are made for, and what they are signed with."""

    app_id: int
    admin: str
    secret: Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What calls are signed with until `renew_at_s` (Unix seconds); `token` may be empty."""

    token: str = field(repr=False)
    renew_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One HTTP request. Its query holds signatures, so no repr shows it.

    Attributes:
        method: "POST" or "GET".
        path: begins with a slash, percent-encoded.
        query: percent-encoded, without the question mark.
        body: JSON, or None for a GET.
        ids: how many accounts its reply may speak of.
        hidden: texts that must stand nowhere if the reply repeats them: what signs the call.
    """

    method: str
    path: str
    query: str = field(repr=False)
    body: bytes | None = field(repr=False)
    ids: int = 1
    hidden: tuple[str, ...] = field(default=(), repr=False)


ENTROPY_BYTES: Final = 8


@dataclass(frozen=True, kw_only=True)
class Provider:
    """One provider's API as a value: what is documented of it, and pure functions.

    A later operation is a field here and a file in each provider's folder.

    Attributes:
        name: as in the job file.
        title: as a person reads it.
        vendor: who runs it, where only that must be said.
        app_id_name: what the vendor calls an app's number.
        secret_env: the environment variable that an app's secret is usually in.
        app_id_place, secret_place: where the vendor shows an app's number and its secret, as far
            as is documented; consoles change.
        admin: the account in whose name calls are made, where the job names no other; None where
            calls are made in nobody's name.
        regions: region name → address, "https://host".
        example_region, example_app_id: what examples show.
        id_rule: the narrower rule for ids, if there is one.
        clock_most_s: how far this machine's clock may be from the server's, in seconds; None
            where nothing is documented.
        codes: the result codes.
        credentials: fresh ones for an app at a Unix time, in seconds.
        sign: the call that carries a command for an app, signed at a Unix time in seconds, with
            ENTROPY_BYTES random bytes that no other call is given.
        delete_friends, delete_all_friends, check: the operations.
        ask_friends: for each mode, whether pairs are gone: `deleted` where nothing remains in the
            directions of the mode, `already_gone` with a note where something does, `failed` where
            the provider cannot be asked of a pair.
        ask_list: whether an account's list is empty, likewise.
        pull_friends: a page of an account's list, or a ruling why there is none.
        put_back: puts friends back on an account's list.
        rehearsed: how replies read as they stand, and what is assumed of them.
    """

    name: str
    title: str
    vendor: str
    app_id_name: str
    secret_env: str
    app_id_place: str
    secret_place: str
    admin: str | None
    regions: Mapping[str, str]
    example_region: str
    example_app_id: int
    id_rule: IdRule | None
    clock_most_s: float | None
    codes: CodeTable
    credentials: Callable[[App, float], Credentials]
    sign: Callable[[Command, App, Credentials, float, bytes], Call]
    delete_friends: OperationCalls[Batch, Answer]
    delete_all_friends: OperationCalls[Sweep, Answer]
    check: HarmlessCall
    ask_friends: Mapping[Mode, OperationCalls[Batch, Answer]]
    ask_list: OperationCalls[Sweep, Answer]
    pull_friends: OperationCalls[Cursor, Page | Ruling]
    put_back: PutBack
    rehearsed: Rehearsed

    @property
    def limits(self) -> Mapping[AnyOperation, Limits]:
        """What is documented for each operation; those of `fill` stand in `put_back`."""
        return {
            Operation.DELETE_FRIENDS: self.delete_friends.limits,
            Operation.DELETE_ALL_FRIENDS: self.delete_all_friends.limits,
            Errand.PULL: self.pull_friends.limits,
            Errand.ASK: self.ask_friends[Mode.TWO_WAY].limits,
            Errand.ASK_LIST: self.ask_list.limits,
            Errand.PUT_BACK: self.put_back.add.limits,
        }

    def on_batches(self, operation: AnyOperation, mode: Mode) -> OperationCalls[Batch, Answer]:
        """How an operation is done to a Batch: a deletion, a question, or `put_back.add`.

        Raises:
            ValueError: the operation is not done to batches.
        """
        match operation:
            case Operation.DELETE_FRIENDS:
                return self.delete_friends
            case Errand.ASK:
                return self.ask_friends[mode]
            case Errand.PUT_BACK:
                return self.put_back.add
            case _:
                raise ValueError(f"{operation} is not done to batches")

    def on_lists(self, operation: AnyOperation) -> OperationCalls[Sweep, Answer]:
        """How an operation is done to the whole list of a Sweep: a deletion, or a question.

        Raises:
            ValueError: the operation is not done to whole lists; one that is pulled has pages.
        """
        match operation:
            case Operation.DELETE_ALL_FRIENDS:
                return self.delete_all_friends
            case Errand.ASK_LIST:
                return self.ask_list
            case _:
                raise ValueError(f"{operation} is not done to whole lists")

    @property
    def needs_admin(self) -> bool:
        """Whether calls are made in the name of an admin account."""
        return self.admin is not None

    def encode(
        self,
        entry: Entry,
        mode: Mode,
        *,
        app: App,
        credentials: Credentials,
        now_s: float,
        entropy: bytes,
    ) -> Call:
        """The call that carries `entry`. `entropy` is 8 random bytes, new for each call.

        Raises:
            ValueError: an empty batch or one above `batch_size_most`: neither is planned. Or
                entropy of another length.
        """
        command = self.command(entry, mode)
        return self.signed(command, app=app, credentials=credentials, now_s=now_s, entropy=entropy)

    def command(self, entry: Entry, mode: Mode) -> Command:
        """The deletion that `entry` asks for.

        Raises:
            ValueError: an empty batch or one above `batch_size_most`, or an entry that deletes
                nothing: none of them is planned.
        """
        match entry:
            case Batch():
                _check_size(entry, self.delete_friends.limits)
                return self.delete_friends.encode(entry, mode)
            case Sweep():
                return self.delete_all_friends.encode(entry, mode)
            case Pull():
                raise ValueError("a list that is to be pulled is not deleted")
            case _:
                assert_never(entry)

    def signed(
        self,
        command: Command,
        *,
        app: App,
        credentials: Credentials,
        now_s: float,
        entropy: bytes,
    ) -> Call:
        """The call that carries `command`. `entropy` is 8 random bytes, new for each call.

        Raises:
            ValueError: entropy of another length.
        """
        _check_entropy(entropy)
        return self.sign(command, app, credentials, now_s, entropy)

    def decode(self, entry: Entry, status: int, body: bytes) -> Answer:
        """What a reply says of `entry`. Total: any status and any bytes give an Answer.

        Never `deleted` or `already_gone` unless the provider said so of that very id in a reply
        with HTTP status 200. 429 and 5xx are ruled here too; Retry-After is not looked at.
        """
        match entry:
            case Batch():
                return self.delete_friends.decode(entry, status, body)
            case Sweep():
                return self.delete_all_friends.decode(entry, status, body)
            case Pull():
                raise ValueError("a list that is to be pulled is not deleted")
            case _:
                assert_never(entry)

    def encode_check(
        self,
        from_account: str,
        to_account: str,
        *,
        app: App,
        credentials: Credentials,
        now_s: float,
        entropy: bytes,
    ) -> Call:
        """A call that changes nothing: it asks whether one account has another as a friend.

        Raises:
            ValueError: entropy of another length than 8 bytes.
        """
        command = self.check.encode(from_account, to_account)
        return self.signed(command, app=app, credentials=credentials, now_s=now_s, entropy=entropy)

    def decode_check(self, status: int, body: bytes) -> Hearing:
        """What a reply to `encode_check` says of the app and its credentials. Total, as decode."""
        return self.check.decode(status, body)

    def words(self, code: int) -> str:
        """Any code of a Ruling in a few words, for people."""
        return self.codes.words(code)

    def purge(self, code: int) -> Purge:
        """What a pair that failed with any code of a Ruling means for a purge."""
        return self.codes.purge(code)

    def advice(self, code: int) -> str:
        """What a user can do about a code that refuses the app, naming keys of the target's table.

        Empty where there is nothing to say beyond `words`.
        """
        return self.codes.advice.get(code, "")


def _check_entropy(entropy: bytes) -> None:
    if len(entropy) != ENTROPY_BYTES:
        raise ValueError(f"a call needs {ENTROPY_BYTES} random bytes, not {len(entropy)}")


def _check_size(batch: Batch, limits: Limits) -> None:
    if not 1 <= len(batch.to_accounts) <= limits.batch_size_most:
        size, most = len(batch.to_accounts), limits.batch_size_most
        raise ValueError(f"a call carries 1 to {most} ids, not {size}")
