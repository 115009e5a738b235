"""How well texts are understood, measured on real ones: `make quality`; nothing here runs by default."""
