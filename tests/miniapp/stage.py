"""Sets a browser on a real server.

    stage.py PROGRAM WORK COMMAND...

COMMAND runs beside the sandbox and a server on a fresh SQLite file, where owners may run nothing but
the Mini App's own operations. Its last word is the path of a JSON file that says where they are. What
only the outside can do it orders by lines of JSON, `{"order": "kill"}`, each of which is answered by
another; the file has the descriptors, `orders` and `answers`:

    kill       ends the server without a word to anybody
    elsewhere  starts it at another address, which is answered
    start      starts it where it was; ends the one elsewhere, if there is one
    freeze     freezes an account as an operator does: `{"order": "freeze", "owner": 5000000001}`

Exits with the command's code, or with 1 when the server's log holds an error.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import server as stage

SETTINGS = {
    "KEY_RECYCLING_SERVER_TRUSTED_DOCUMENTS": "owners",
    # Short, so that a provider that takes two seconds leaves a key PENDING for its owner to see.
    "KEY_RECYCLING_KEYS_VALIDATION_WAIT": "1s",
    "KEY_RECYCLING_KEYS_CHECK_COOLDOWN": "4s",
}


class Server(stage.Server):
    """A server that can be killed, and started at another address."""

    address = None

    def started(self):
        command = [self.program, "serve", "--json", "--config", self.config]
        if self.address:
            command = ["env", f"KEY_RECYCLING_SERVER_LISTEN={self.address}", *command]
        # The shell tells its id, which the server then has.
        remembering = ["sh", "-c", 'echo $$ >"$0" && exec "$@"', self.folder / "pid"]
        return stage.running([*remembering, *command], self.log)

    def kill(self):
        os.kill(int((self.folder / "pid").read_text(encoding="utf-8")), signal.SIGKILL)
        self.running.__exit__(None, None, None)

    def start(self, address):
        self.address = address
        self.running = self.started()
        self.running.__enter__()


class Orders:
    """What the command may order."""

    def __init__(self, server):
        self.server = server

    def kill(self):
        self.server.kill()

    def elsewhere(self):
        (address,) = stage.free_addresses(1)
        self.server.start(address)
        return f"http://{address}/graphql"

    def start(self):
        if self.server.address:
            self.server.running.__exit__(None, None, None)
        self.server.start(None)

    def freeze(self, owner):
        self.server.command("account", "freeze", f"telegram:{owner}")

    def follow(self, orders, answers):
        with open(orders, encoding="utf-8") as lines, open(answers, "w", buffering=1, encoding="utf-8") as told:
            for line in lines:
                details = json.loads(line)
                told.write(json.dumps({"answer": getattr(self, details.pop("order"))(**details)}) + "\n")


def description(server, sandbox, work):
    """What the command is told. It holds credentials, of a server that ends with it."""
    return {
        "origin": f"http://{server.public}",
        "graphql": server.api,
        "sandbox": sandbox["base"],
        "botToken": server.bot_token,
        "dispatcher": server.dispatcher,
        "service": server.service("everything", "dispatch", "billing", "operate"),
        "work": str(work),
    }


def complaints(log):
    for line in log.read_text(encoding="utf-8").splitlines():
        if '"level":"ERROR"' in line or "panicked" in line:
            yield line


def run(command, description, work, server):
    """Runs the command, and its orders; answers its exit code."""
    orders, telling = os.pipe()
    hearing, answers = os.pipe()

    told = work / "stage.json"
    stage.secret(told, json.dumps({**description, "orders": telling, "answers": hearing}))
    process = subprocess.Popen([*command, str(told)], pass_fds=(telling, hearing))
    os.close(telling)
    os.close(hearing)
    # By themselves, since what the browser leaves behind may hold its end of the pipe open.
    threading.Thread(target=Orders(server).follow, args=(orders, answers), daemon=True).start()
    try:
        return process.wait()
    finally:
        process.terminate()
        process.wait()


def ended(signal_number, frame):
    sys.exit(128 + signal_number)


def main(program, work, *command):
    signal.signal(signal.SIGTERM, ended)
    os.environ.update({name: value for name, value in SETTINGS.items() if name not in os.environ})
    work = Path(work)
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(stage.sandbox(program, work))
        server = stack.enter_context(Server(program, work / "server", sandbox))
        code = run(command, description(server, sandbox, work), work, server)
    for complaint in complaints(server.log):
        code = code or 1
        print("in the server's log:", complaint)
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
