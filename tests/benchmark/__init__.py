"""What a record costs, as a ratio to a floor measured in the same run. ``make bench`` runs it; nothing else does."""
