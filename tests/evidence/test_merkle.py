"""The tree: RFC 6962's own definition, written here as it stands there, judges ours."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkdel.evidence import merkle
from bulkdel.evidence.merkle import Blocks, leaf, levels, path_in, root_by, root_of

INPUTS = (
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    bytes(range(0x50, 0x58)),
    bytes(range(0x60, 0x70)),
)
"""Those that the Certificate Transparency project publishes roots of."""
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
SIZES = st.integers(min_value=1, max_value=80)


def tree_hash(lines: list[bytes]) -> bytes:
    """MTH of section 2.1."""
    if not lines:
        return sha256().digest()
    if len(lines) == 1:
        return sha256(b"\x00" + lines[0]).digest()
    half = split(len(lines))
    return sha256(b"\x01" + tree_hash(lines[:half]) + tree_hash(lines[half:])).digest()


def audit_path(at: int, lines: list[bytes]) -> list[bytes]:
    """PATH of section 2.1.1."""
    if len(lines) <= 1:
        return []
    half = split(len(lines))
    if at < half:
        return [*audit_path(at, lines[:half]), tree_hash(lines[half:])]
    return [*audit_path(at - half, lines[half:]), tree_hash(lines[:half])]


def split(count: int) -> int:
    """The largest power of two below a count."""
    half = 1
    while half * 2 < count:
        half *= 2
    return half


def some(count: int) -> list[bytes]:
    """So many lines, each another one."""
    return [b"line %d" % at for at in range(count)]


@pytest.mark.parametrize(("count", "root"), ROOTS.items())
def test_published_roots(count: int, root: str) -> None:
    """Rule: the roots are those that others publish."""
    assert root_of([leaf(one) for one in INPUTS[:count]]).hex() == root


def test_nothing_has_a_root() -> None:
    """Rule: the root of no lines is SHA-256 of nothing."""
    assert root_of([]) == sha256().digest() == root_of(Blocks().all())


@given(SIZES)
def test_the_tree_is_the_standards(count: int) -> None:
    """Rule: root and every path are those of the standard's own recursion."""
    lines = some(count)
    hashes = [leaf(one) for one in lines]

    assert root_of(hashes) == tree_hash(lines)
    tree = levels(hashes)
    for at in range(count):
        assert path_in(tree, at) == audit_path(at, lines)


@given(SIZES, st.sampled_from([1, 2, 4, 8, 64]))
def test_blocks_change_nothing(count: int, block: int) -> None:
    """Rule: the tree over the roots of blocks is the tree over the lines, paths and all."""
    lines = some(count)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merkle, "BLOCK", block)
        blocks = Blocks()
        for line in lines:
            blocks.add(leaf(line))
    upper = levels(blocks.all())

    assert root_of(blocks.all()) == tree_hash(lines)
    for at in range(count):
        first = at // block * block
        lower = levels([leaf(one) for one in lines[first : first + block]])
        assert path_in(lower, at % block) + path_in(upper, at // block) == audit_path(at, lines)


@given(st.integers(min_value=1, max_value=40), st.data())
def test_a_proof_proves_one_line(count: int, data: st.DataObject) -> None:
    """Rule: a path leads to the root from its own line and place, and from nothing else."""
    lines = some(count)
    root = tree_hash(lines)
    at = data.draw(st.integers(min_value=0, max_value=count - 1))
    path = audit_path(at, lines)

    assert root_by(path, leaf(lines[at]), index=at, size=count) == root
    for other in range(-1, count + 1):
        if other != at:
            assert root_by(path, leaf(lines[at]), index=other, size=count) != root
    assert root_by(path, leaf(b"another"), index=at, size=count) != root
    assert root_by([*path, bytes(32)], leaf(lines[at]), index=at, size=count) is None
    if path:
        assert root_by(path[:-1], leaf(lines[at]), index=at, size=count) != root
        spoiled = [bytes(32), *path[1:]]
        assert root_by(spoiled, leaf(lines[at]), index=at, size=count) != root


@given(SIZES)
def test_a_node_is_no_leaf(count: int) -> None:
    """Rule: what stands inside the tree passes for no line: leaf and node are hashed apart."""
    hashes = [leaf(one) for one in some(count)]

    assert leaf(b"".join(hashes[:2])) != root_of(hashes[:2])
