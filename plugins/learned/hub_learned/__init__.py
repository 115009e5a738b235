"""A category for what no rule decided, learned from labelled examples. Off until ``[plugins.learned]`` stands in
``hub.toml``."""

from hub_learned.plugin import Learned, LearnedConfig

requires_sdk = ">=1.0,<2"

Config = LearnedConfig


def create(config: LearnedConfig) -> Learned:
    """Return the plugin for one hub."""
    return Learned(config)
