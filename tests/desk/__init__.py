"""A destination to try writing with: a small desk where people work on cases, and the connector that knows it."""
