"""Sets judges on a real server.

    stage.py PROGRAM WORK DATABASE JUDGE...

PROGRAM is the server's program, WORK a folder of its own, DATABASE a postgres:// address or
nothing for SQLite. Each JUDGE is a command, which is given the path of a JSON file that says where
the server is and how its callers sign in. SIGUSR1 restarts the server; when it is there again, one
more byte is in the file `restarts`. After the judges the server's log must hold no error.

Exits 1 when a judge did, or the log holds one.
"""

import contextlib
import json
import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import server as stage

SCOPES = ("dispatch", "billing", "operate")


def description(server, sandbox, work):
    """What judges are told. It holds credentials, of a server that ends with the judges."""
    keys = {slug: stage.funded_key(sandbox["base"], slug) for slug in stage.PROVIDERS}
    for slug, key in keys.items():
        server.hand_over(slug.upper(), key)
    return {
        "graphql": server.api,
        "socket": server.api.replace("http://", "ws://"),
        "sandbox": sandbox["base"],
        "tokensPerUsd": stage.TOKENS_PER_USD,
        "telegramUserId": stage.OWNER,
        "botToken": server.bot_token,
        "owner": server.owner,
        "dispatcher": server.dispatcher,
        "operator": server.service("everything", *(SCOPES)),
        "supervisor": os.getpid(),
        "restarts": str(work / "restarts"),
        "work": str(work),
    }


def complaints(log):
    """The errors in a log of JSON lines, and whatever is no such line."""
    for line in log.read_text(encoding="utf-8").splitlines():
        try:
            record = json.loads(line)
        except ValueError:
            yield line
            continue
        if record.get("level") == "ERROR" or "panicked" in line:
            yield line


def ended(signal_number, frame):
    sys.exit(128 + signal_number)


def main(program, work, database, *judges):
    signal.signal(signal.SIGTERM, ended)
    work = Path(work)
    restarts = work / "restarts"
    failed = False
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(stage.sandbox(program, work))
        server = stack.enter_context(stage.Server(program, work / "server", sandbox, database=database or None))

        def restart(signal_number, frame):
            server.restart()
            with restarts.open("a") as file:
                file.write(".")

        signal.signal(signal.SIGUSR1, restart)
        told = work / "stage.json"
        stage.secret(told, json.dumps(description(server, sandbox, work)))
        for judge in judges:
            command = [*shlex.split(judge), str(told)]
            failed |= subprocess.run(command, check=False).returncode != 0
    for complaint in complaints(server.log):
        failed = True
        print("in the server's log:", complaint)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
