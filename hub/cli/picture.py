"""Charts as PNG. The only module that knows resvg and its font, an extra: on a server no font may be installed."""

from importlib.resources import as_file, files

from hub.sdk import ConfigError

MISSING = "PNG needs resvg-py; run \"pip install 'helpdesk-hub[png]'\", or name a .svg file"

_SCALE = 2  # pixels of one unit of the SVG: sharp where a screen shows two in the place of one
_FONT = "Roboto"  # has Latin and Cyrillic; other scripts come from fonts of the machine


def png(svg: str) -> bytes:
    """Return an SVG document as a PNG picture, two pixels for each unit."""
    import resvg_py

    with as_file(files("font_roboto") / "files") as fonts:
        return bytes(resvg_py.svg_to_bytes(
            svg_string=svg, zoom=_SCALE, font_dirs=[str(fonts)], sans_serif_family=_FONT, font_family=_FONT,
        ))  # fmt: skip


def require() -> None:
    """Check that PNG can be written.

    Raises:
        ConfigError: resvg or the font is not installed; says how to get them.
    """
    try:
        import font_roboto  # noqa: F401 - only whether it is there
        import resvg_py  # noqa: F401 - as above
    except ImportError as error:
        raise ConfigError(MISSING) from error
