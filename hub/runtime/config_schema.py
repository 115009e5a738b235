"""The JSON Schema of ``hub.toml``, for editors: what is installed decides which connectors it knows."""

import json
from typing import Any

from pydantic import BaseModel

from hub.runtime.config_deliver import DeliverConfig
from hub.runtime.config_surges import SurgeSettings
from hub.runtime.config_talks import ConversationsTable, EscalationTable
from hub.runtime.plugins import Registry
from hub.runtime.reply_settings import RepliesSettings
from hub.runtime.retention import Retention
from hub.sdk import ConfigError

_REFERENCE = {"$ref": "#/$defs/reference"}
_OUTSIDE = {
    "type": "object",
    "title": "a value from the environment or a file",
    "properties": {"env": {"type": "string"}, "file": {"type": "string"}},
    "minProperties": 1,
    "maxProperties": 1,
    "additionalProperties": False,
}
_ABOUT = ("title", "description", "default")
_NAMES = {"pattern": "^[a-z0-9_-]+$"}


def config_schema(registry: Registry) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of ``hub.toml``; plugins that cannot be used are left out."""
    defs: dict[str, Any] = {"reference": _OUTSIDE}
    connectors = [_connector(registry, name, defs) for name in registry.names()]
    plugins = [(name, _plugin(registry, name, defs)) for name in registry.names("plugin")]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "hub.toml",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "store": _or_reference({"type": "string", "default": "sqlite:///hub.db"}),
            "rules": _or_reference({"type": "string", "examples": ["rules"]}),
            "timezone": _or_reference({"type": "string", "default": "UTC"}),
            "lang": _or_reference({"enum": ["ru", "en"]}),
            "identify_every": _or_reference({"type": "string", "examples": ["30d"]}),
            "replies": _model(RepliesSettings, "replies", defs),
            "conversations": ConversationsTable.model_json_schema(),
            "escalation": EscalationTable.model_json_schema(),
            "retention": _model(Retention, "retention", defs),
            "instances": {
                "type": "object",
                "propertyNames": _NAMES,
                "additionalProperties": {"anyOf": [ref for ref in connectors if ref] or [{"type": "object"}]},
            },
            "deliver": _model(DeliverConfig, "deliver", defs),
            "notify": {
                "type": "object",
                "propertyNames": _NAMES,
                "additionalProperties": {"anyOf": [_REFERENCE, {"type": "array", "items": _REFERENCE, "minItems": 1}]},
            },
            "surges": _model(SurgeSettings, "surges", defs),
            "plugins": {
                "type": "object",
                "additionalProperties": False,
                "properties": {name: ref for name, ref in plugins if ref},
            },
        },
        "$defs": defs,
    }


def _connector(registry: Registry, name: str, defs: dict[str, Any]) -> dict[str, Any] | None:
    try:
        schema = _model(registry.connector(name).Config, name, defs)
    except ConfigError:
        return None
    schema["properties"]["connector"] = {"const": name}
    defs[name] = schema
    return {"$ref": f"#/$defs/{name}"}


def _plugin(registry: Registry, name: str, defs: dict[str, Any]) -> dict[str, Any] | None:
    try:
        schema = _model(registry.plugin(name).Config, f"plugin.{name}", defs)
    except ConfigError:
        return None
    schema.setdefault("properties", {})["enabled"] = {"type": "boolean", "default": True}
    defs[f"plugin.{name}"] = schema
    return {"$ref": f"#/$defs/plugin.{name}"}


def _model(model: type[BaseModel], name: str, defs: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of *model*; its own definitions go to *defs* under its name."""
    schema = model.model_json_schema(ref_template=f"#/$defs/{name}.{{model}}")
    for key, value in schema.pop("$defs", {}).items():
        defs[f"{name}.{key}"] = value
    schema["properties"] = {key: _or_reference(value) for key, value in schema.get("properties", {}).items()}
    result: dict[str, Any] = json.loads(json.dumps(schema))
    return result


def _or_reference(schema: dict[str, Any]) -> dict[str, Any]:
    about = {key: value for key, value in schema.items() if key in _ABOUT}
    rest = {key: value for key, value in schema.items() if key not in _ABOUT}
    return {**about, "anyOf": [rest, _REFERENCE]}
