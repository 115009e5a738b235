"""Parse arguments, call the runtime, print. One module for each group of commands."""

from hub.cli.app import main

__all__ = ["main"]
