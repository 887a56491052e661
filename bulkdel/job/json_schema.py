"""The job file's JSON schema (draft 2020-12), made of the tables: for editors that know TOML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from bulkdel.job.schema import JobTable
from bulkdel.providers import PROVIDERS
from bulkdel.words import Mode, Operation, Orient

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"


def job_schema() -> dict[str, Any]:
    """What may stand in a job file: every key, its type, its default and what it means.

    What one key demands of another is in it as far as an editor profits: a provider's own regions
    and its largest batch, and what fewest_calls and slices go with.
    """
    made = _without_null(JobTable.model_json_schema())
    slices = made["$defs"]["ClusterTable"]["properties"]["slices"]
    for named in (made["properties"]["targets"], slices):
        named["additionalProperties"] = False
    target = made["$defs"]["TargetTable"]
    target["properties"]["provider"]["enum"] = list(PROVIDERS)
    target["allOf"] = [_of_provider(name) for name in PROVIDERS]
    together = [_fewest_calls(), _slices()]
    return {"$schema": DIALECT, **made, "allOf": together, "title": "bulkdel job file"}


def _fewest_calls() -> dict[str, Any]:
    chosen = {
        "properties": {"orient": {"const": Orient.FEWEST_CALLS.value}},
        "required": ["orient"],
    }
    keys = {
        "operation": {"const": Operation.DELETE_FRIENDS.value},
        "mode": {"const": Mode.TWO_WAY.value},
    }
    return {
        "if": {"properties": {"plan": chosen}, "required": ["plan"]},
        "then": {"properties": keys},
    }


def _slices() -> dict[str, Any]:
    any_slices = {"properties": {"slices": {"minProperties": 1}}, "required": ["slices"]}
    return {
        "if": {"properties": {"cluster": any_slices}, "required": ["cluster"]},
        "then": {"properties": {"mode": {"const": Mode.ONE_WAY.value}}},
    }


def _of_provider(name: str) -> dict[str, Any]:
    provider = PROVIDERS[name]
    most = max(provider.limits[operation].batch_size_most for operation in Operation)
    keys: dict[str, Any] = {
        "region": {"enum": list(provider.regions)},
        "batch_size": {"maximum": most},
    }
    if not provider.needs_admin:
        keys["admin"] = False
    return {
        "if": {"properties": {"provider": {"const": name}}, "required": ["provider"]},
        "then": {"properties": keys},
    }


def _without_null(node: Any) -> Any:
    """The schema without null, which TOML does not have: a key that is None is left out."""
    if isinstance(node, list):
        return [_without_null(one) for one in node]
    if not isinstance(node, Mapping):
        return node
    kept = {
        key: _without_null(value)
        for key, value in node.items()
        # A whole table's default says what its keys say, with their nulls.
        if not (key == "default" and (value is None or isinstance(value, Mapping)))
    }
    choices = kept.get("anyOf")
    if choices is not None and {"type": "null"} in choices:
        left = [choice for choice in choices if choice != {"type": "null"}]
        del kept["anyOf"]
        kept |= left[0] if len(left) == 1 else {"anyOf": left}
    return kept
