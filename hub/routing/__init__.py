"""What a rule means. Pure: knows no store and no network, reads no clock; only `rules` reads files."""
