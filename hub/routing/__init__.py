"""What a rule means: conditions, decisions, working time, deadlines. Pure: no store, no network, no clock."""
