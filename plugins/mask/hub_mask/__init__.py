"""Masks card and phone numbers in what every source sends. Off until ``[plugins.mask]`` stands in ``hub.toml``."""

from hub_mask.plugin import Mask, MaskConfig

requires_sdk = ">=1.0,<2"

Config = MaskConfig


def create(config: MaskConfig) -> Mask:
    """Return the plugin for one hub."""
    return Mask(config)
