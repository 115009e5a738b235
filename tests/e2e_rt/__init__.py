"""Tests against a real Request Tracker; only `make e2e-rt` collects them, since they need its Debian packages."""
