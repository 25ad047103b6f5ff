"""`python -m app health`: ask the running service whether it is well, for containers whose image has no curl."""

import argparse
import http.client
import os
import sys


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Declare the command and its options."""
    parser = commands.add_parser("health", help="say whether the service on this machine answers")
    parser.add_argument("--port", default=os.environ.get("PORT", "8000"), type=int, help="port it listens on")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Ask; give 0 when it answers well, else 1."""
    # A service that answers to some names only has to be called by one of them.
    name = os.environ.get("IMAGE_DIFF_TRUSTED_HOSTS", "").split(",")[0].strip(" .") or "127.0.0.1"
    connection = http.client.HTTPConnection("127.0.0.1", arguments.port, timeout=4)
    try:
        connection.request("GET", "/health", headers={"Host": name})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        print(f"health: no answer on port {arguments.port}: {error}", file=sys.stderr)
        return 1
    finally:
        connection.close()
    print(f"health: {status}")
    return int(status != 200)
