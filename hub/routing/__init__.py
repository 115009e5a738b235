"""What a rule means: pure, knows no store and no network, reads no clock."""
