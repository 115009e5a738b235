"""Install Debian's Request Tracker, unless it is there: without its cron jobs, web server and database of its own."""

import os
import subprocess
import sys

from tests.e2e_rt.instance import SERVER

_PACKAGES = ("request-tracker5", "rt5-db-sqlite", "rt5-standalone")
_ANSWERS = "".join(
    f"request-tracker5 request-tracker5/{question} boolean false\n"
    for question in ("install-cronjobs", "handle-siteconfig-permissions", "dbconfig-install")
)


def main() -> int:
    """Install what is missing; return the exit code."""
    if SERVER.exists():
        return 0
    print(f"installing {', '.join(_PACKAGES)}: a minute or two", file=sys.stderr)
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    steps = (
        (["debconf-set-selections"], _ANSWERS),
        (["apt-get", "update", "-qq"], ""),
        (["apt-get", "install", "-y", "-qq", "--no-install-recommends", *_PACKAGES], ""),
    )
    try:
        for command, given in steps:
            subprocess.run(command, input=given, text=True, env=env, check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        print(
            f"{error}\nRequest Tracker is installed from Debian's packages, as root: {' '.join(_PACKAGES)}",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
