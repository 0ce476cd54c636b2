from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cumulet.store.tree import Tree, can_stand, escaped


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    tree = Tree(tmp_path / "s3")
    tree.add_bucket("lake")
    return tree


def blob(tmp_path: Path, content: str) -> Path:
    path = tmp_path / f"blob-{content}"
    path.write_text(content)
    return path


def shown(tree: Tree, key: str) -> list[str]:
    return [path.read_text() for path in tree.paths("lake", key) if path.is_file()]


def test_an_object_stands_under_its_key(tree: Tree, tmp_path: Path) -> None:
    tree.follow("lake", "raw/reviews/part-0.csv", lambda: blob(tmp_path, "x"))
    assert (tmp_path / "s3/lake/raw/reviews/part-0.csv").read_text() == "x"


def test_an_overwritten_object_shows_the_new_bytes(tree: Tree, tmp_path: Path) -> None:
    for content in ("old", "new"):
        tree.follow("lake", "a", lambda content=content: blob(tmp_path, content))  # type: ignore[misc]
    assert shown(tree, "a") == ["new"]


def test_a_deleted_object_goes_with_its_empty_folders(tree: Tree, tmp_path: Path) -> None:
    tree.follow("lake", "a/b/c", lambda: blob(tmp_path, "x"))
    tree.follow("lake", "a/b/c", lambda: None)
    assert list((tmp_path / "s3/lake").iterdir()) == []


@pytest.mark.parametrize("order", [("a", "a/b"), ("a/b", "a")])
def test_keys_in_each_others_way_both_stand(tree: Tree, tmp_path: Path, order: tuple[str, str]) -> None:
    for key in order:
        tree.follow("lake", key, lambda key=key: blob(tmp_path, key.replace("/", "-")))  # type: ignore[misc]
    assert [shown(tree, key) for key in ("a", "a/b")] == [["a"], ["a-b"]]


def test_a_key_moves_to_its_own_place_once_the_way_is_free(tree: Tree, tmp_path: Path) -> None:
    for key in ("a", "a/b"):
        tree.follow("lake", key, lambda: blob(tmp_path, "x"))
    tree.follow("lake", "a", lambda: None)
    tree.follow("lake", "a/b", lambda: blob(tmp_path, "y"))
    assert (tmp_path / "s3/lake/a/b").read_text() == "y"
    assert shown(tree, "a/b") == ["y"]


KEYS = st.text(
    st.one_of(st.sampled_from("/.%\0~=#\\ aA"), st.characters(exclude_categories=["Cs"])),
    min_size=1,
    max_size=80,
)


@given(KEYS)
@settings(max_examples=500, deadline=None)
def test_every_key_stays_inside_its_bucket(key: str) -> None:
    root = Path("/lake/bucket")
    name = key.encode()
    if can_stand(name):
        assert (root / name.decode()).resolve().is_relative_to(root)
        assert name.decode() == str((root / name.decode()).relative_to(root))
    assert b"/" not in escaped(name)
    assert b"\0" not in escaped(name)
    assert len(escaped(name)) <= 255


@given(KEYS, KEYS)
def test_no_two_keys_share_an_escaped_name(one: str, two: str) -> None:
    assert (escaped(one.encode()) == escaped(two.encode())) == (one == two)
