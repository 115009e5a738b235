"""helpdesk-hub: mentions, map reviews, issues and CRM tasks as tickets of one schema."""


def __getattr__(name: str) -> str:
    # The version costs a look at the installed metadata, which most uses of the package do not need.
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("helpdesk-hub")
