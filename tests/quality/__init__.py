"""How well the built-in rules read real texts: `make quality`."""
