"""Host for the plugins' sandbox servers: vendors' APIs on loopback, with faults, a ledger and a control API.

A vendor's sandbox is declared in the entry-point group `hub.sandboxes` as a function
`create(options: SandboxOptions) -> Vendor`. It shares no code with the connector that reads it, or it
would prove nothing.
"""

from .clock import Script, VirtualClock
from .encoding import dump
from .faults import KINDS, PROFILES, FaultPlan
from .handle import Running
from .host import create, installed, running, serve
from .limits import Limit, Limiter, Verdict, parse_limit
from .oddities import ALONE, LETTERS, MARKUP, UNSTORABLE, OddTexts, Shape, Shaped, huge, same
from .options import SandboxOptions
from .texts import Text, endless, load, readable
from .traffic import Traffic
from .vendor import Vendor, Wire, World
from .webhooks import Delivery, Webhooks, require_loopback

__all__ = [
    "ALONE",
    "KINDS",
    "LETTERS",
    "MARKUP",
    "PROFILES",
    "UNSTORABLE",
    "Delivery",
    "FaultPlan",
    "Limit",
    "Limiter",
    "OddTexts",
    "Running",
    "SandboxOptions",
    "Script",
    "Shape",
    "Shaped",
    "Text",
    "Traffic",
    "Vendor",
    "Verdict",
    "VirtualClock",
    "Webhooks",
    "Wire",
    "World",
    "create",
    "dump",
    "endless",
    "huge",
    "installed",
    "load",
    "parse_limit",
    "readable",
    "require_loopback",
    "running",
    "same",
    "serve",
]
