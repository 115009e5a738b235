"""What a service manager is told: sd_notify(3), over a datagram socket that it names in the environment."""

import os
import socket
from collections.abc import Mapping

_NAME = "NOTIFY_SOCKET"


def notify(message: str, env: Mapping[str, str] = os.environ) -> bool:
    """Send *message*, such as ``READY=1``; return whether somebody listens. Who does not answer is not waited for."""
    address = env.get(_NAME, "")
    if not address:
        return False
    if address.startswith("@"):  # Linux's abstract names begin with a NUL
        address = f"\0{address[1:]}"
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
            there.setblocking(False)
            there.sendto(message.encode(), address)
    except OSError:
        return False
    return True


def watchdog_s(env: Mapping[str, str] = os.environ) -> float | None:
    """Return within how many seconds a sign of life is wanted from this process; None: it is not."""
    asked, process = env.get("WATCHDOG_USEC", ""), env.get("WATCHDOG_PID", "")
    if not asked.isdigit() or int(asked) == 0 or process not in ("", str(os.getpid())):
        return None
    return int(asked) / 1e6
