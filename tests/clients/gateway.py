"""The vendor clients' run through the gateway, without any package.

    gateway.py SERVER WORK VENVS

SERVER is the program, WORK a folder of its own that holds certificate.pem and key.pem, VENVS goes
to run.sh. Starts the sandbox and two servers, one with a plain gateway and one with TLS for the
client that insists on it; hands one owner's keys over, opens the leases that solve.py tells, lets
run.sh run the clients, and checks that every key was charged once and its owner credited just that.
"""

import contextlib
import json
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import server as stage
from direct import PROVIDERS

TASK_TYPES = {
    "2captcha-python": "IMAGE_TO_TEXT",
    "capsolver": "IMAGE_TO_TEXT",
    "python-anticaptcha": "RECAPTCHA_V2",
    "capmonstercloudclient": "TURNSTILE",
    "pymultibot": "HCAPTCHA",
    "unicaptcha": "RECAPTCHA_V2",
}
NEEDS_TLS = {"2captcha-python"}
OPEN = """mutation($task: ID!, $type: TaskType!, $provider: ProviderCode!) {
  openLease(input: { taskId: $task, route: { taskType: $type, onlyProviders: [$provider] } }) {
    lease { token } userErrors { code message } } }"""
CREDITED = "query($id: ID!) { node(id: $id) { ... on RecycledKey { credited } } }"


class Server(stage.Server):
    """A server with what a run through its gateway asks of it."""

    def lease(self, client, provider):
        answer = self.call(self.dispatcher, OPEN, task=client, type=TASK_TYPES[client], provider=provider)["openLease"]
        if answer["userErrors"]:
            raise RuntimeError(f"no lease for {client}: {answer['userErrors'][0]['message']}")
        return answer["lease"]["token"]

    def credited(self, key_id):
        return Decimal(self.call(self.owner, CREDITED, id=key_id)["node"]["credited"])


def charged_once(sandbox, slug, key):
    """What the provider's books charged for the one task of a key, in dollars; else `None`."""
    books = stage.admin(sandbox["base"], "GET", slug, key)
    if len(books["charges"]) != 1 or books["tasks"] != {"created": 1, "solved": 1, "failed": 0}:
        return None
    amount = Decimal(books["charges"][0]["amount"])
    return amount / stage.TOKENS_PER_USD if slug == "multibot" else amount


def credited_in_time(server, key_id, charged):
    deadline = time.monotonic() + stage.PATIENCE
    while server.credited(key_id) != charged:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


def main(program, work, venvs):
    program, work = Path(program).resolve(), Path(work)
    here = Path(__file__).resolve().parent
    certificate, key = work / "certificate.pem", work / "key.pem"
    with contextlib.ExitStack() as stack:
        sandbox = stack.enter_context(stage.sandbox(program, work))
        plain = stack.enter_context(Server(program, work / "plain", sandbox))
        encrypted = stack.enter_context(Server(program, work / "tls", sandbox, (certificate, key)))
        targets, handed_over = {}, {}
        for client, slug in PROVIDERS.items():
            provider_key = stage.funded_key(sandbox["base"], slug)
            server = encrypted if client in NEEDS_TLS else plain
            handed_over[client] = (server, server.hand_over(slug.upper(), provider_key), provider_key)
            address = ("https://" if server is encrypted else "http://") + server.gateway
            targets[client] = {"address": address, "key": server.lease(client, slug.upper())}
            if server is encrypted:
                targets[client]["ca"] = str(certificate)
        targets_file = work / "targets.json"
        stage.secret(targets_file, json.dumps(targets))
        command = [here / "run.sh", "--target", "gateway", "--targets", targets_file, "--venvs", venvs]
        outcome = subprocess.run(command, check=False).returncode
        if outcome:
            return outcome
        wrong = []
        for client, (server, key_id, provider_key) in handed_over.items():
            charged = charged_once(sandbox, PROVIDERS[client], provider_key)
            if not charged or not credited_in_time(server, key_id, charged):
                wrong.append(client)
        if wrong:
            sys.exit("not charged once and credited just that: " + ", ".join(wrong))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
