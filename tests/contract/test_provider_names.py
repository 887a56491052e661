"""A provider is named in its own folder: nothing else hangs on which providers there are."""

from __future__ import annotations

import re
from pathlib import Path

import bulkdel
from bulkdel.emulator.emulated import EMULATED
from bulkdel.providers import PROVIDERS
from tests.support.asking import every_provider

PACKAGE = Path(bulkdel.__file__).parent


@every_provider
def test_nothing_else_spells_its_names(name: str) -> None:
    """Neither its name, nor its vendor, nor its secret's variable, nor what it calls an app id."""
    provider = PROVIDERS[name]
    words = (name, provider.vendor, provider.title, provider.secret_env, provider.app_id_name)
    spelled = re.compile(rf"(?i)\b({'|'.join(map(re.escape, words))})(?![a-z])")
    own = re.compile(rf"providers/__init__\.py|providers/{name}/.*|emulator/.*")
    places = [
        f"{path.relative_to(PACKAGE)}:{number}"
        for path in PACKAGE.rglob("*.py")
        if not own.fullmatch(path.relative_to(PACKAGE).as_posix())
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if spelled.search(line)
    ]
    assert places == []


def test_each_provider_has_its_double() -> None:
    """The emulator plays every provider and no other."""
    assert list(EMULATED) == list(PROVIDERS)
