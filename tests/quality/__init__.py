"""How well texts are understood, measured on real ones; nothing here runs by default."""
