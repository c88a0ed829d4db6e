"""The vendor clients' run through the gateway, without any package.

    gateway.py SERVER WORK VENVS

SERVER is the program, WORK a folder of its own that holds certificate.pem and key.pem, VENVS goes
to run.sh. Starts the sandbox and two servers, one with a plain gateway and one with TLS for the
client that insists on it; hands one owner's keys over, opens the leases that solve.py tells, lets
run.sh run the clients, and checks that every key was charged once and its owner credited just that.
"""

import contextlib
import json
import os
import secrets
import subprocess
import sys
import time
import urllib.request
from decimal import Decimal
from pathlib import Path

from direct import PROVIDERS, admin

TASK_TYPES = {
    "2captcha-python": "IMAGE_TO_TEXT",
    "capsolver": "IMAGE_TO_TEXT",
    "python-anticaptcha": "RECAPTCHA_V2",
    "capmonstercloudclient": "TURNSTILE",
    "pymultibot": "HCAPTCHA",
    "unicaptcha": "RECAPTCHA_V2",
}
NEEDS_TLS = {"2captcha-python"}
OWNER = 5_000_000_001
# Multibot counts tokens, of which a dollar buys so many here.
TOKENS_PER_USD = 1_000
PATIENCE = 30

SUBMIT = """mutation($provider: ProviderCode!, $key: ProviderKey!) {
  submitKey(input: { provider: $provider, key: $key }) { key { id status } userErrors { code message } } }"""
OPEN = """mutation($task: String!, $type: TaskType!, $provider: ProviderCode!) {
  openLease(input: { taskId: $task, route: { taskType: $type, onlyProviders: [$provider] } }) {
    lease { token } userErrors { code message } } }"""
CREDITED = "query($id: ID!) { node(id: $id) { ... on RecycledKey { credited } } }"


@contextlib.contextmanager
def running(command, log):
    """Starts a program that tells its addresses as JSON on its first lines, and ends it."""
    with open(log, "wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL)
    try:
        yield first_record(process, log)
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)
        process.stdout.close()


def first_record(process, log):
    text = ""
    for line in process.stdout:
        text += line.decode()
        with contextlib.suppress(ValueError):
            return json.loads(text)
    sys.exit("it did not start: " + Path(log).read_text(encoding="utf-8").strip())


class Server:
    """A server on a fresh database, and whoever calls it."""

    def __init__(self, program, folder, sandbox, tls=None):
        folder.mkdir()
        self.program, self.folder = program, folder
        self.config = folder / "key-recycling.toml"
        secret(folder / "bot-token", f"1234567890:{secrets.token_hex(16)}")
        run([program, "vault", "init", folder / "ring.toml"])
        self.config.write_text(configuration(folder, sandbox, tls), encoding="utf-8")
        self.running = running([program, "serve", "--json", "--config", self.config], folder / "log")

    def __enter__(self):
        addresses = self.running.__enter__()
        self.api, self.gateway = f"http://{addresses['public']}/graphql", addresses["gateway"]
        self.owner = self.ask("login-link", "--telegram-user", str(OWNER))["authorization"]
        token = self.ask("token", "create", "dispatcher", "--scope", "dispatch")["token"]
        self.dispatcher = f"Bearer {token}"
        return self

    def __exit__(self, *failure):
        return self.running.__exit__(*failure)

    def ask(self, *words):
        return json.loads(run([self.program, *words, "--json", "--config", self.config]))

    def call(self, authorization, document, **variables):
        body = json.dumps({"query": document, "variables": variables}).encode()
        headers = {"Content-Type": "application/json", "Authorization": authorization}
        request = urllib.request.Request(self.api, data=body, headers=headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=PATIENCE) as response:
            answer = json.load(response)
        if answer.get("errors"):
            raise RuntimeError(answer["errors"][0]["message"])
        return answer["data"]

    def hand_over(self, provider, key):
        answer = self.call(self.owner, SUBMIT, provider=provider, key=key)["submitKey"]
        if answer["userErrors"] or answer["key"]["status"] != "ACTIVE":
            raise RuntimeError(f"{provider} key is not active: {answer['userErrors']}")
        return answer["key"]["id"]

    def lease(self, client, provider):
        answer = self.call(self.dispatcher, OPEN, task=client, type=TASK_TYPES[client], provider=provider)["openLease"]
        if answer["userErrors"]:
            raise RuntimeError(f"no lease for {client}: {answer['userErrors'][0]['message']}")
        return answer["lease"]["token"]

    def credited(self, key_id):
        return Decimal(self.call(self.owner, CREDITED, id=key_id)["node"]["credited"])


def run(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout.decode()


def secret(path, text):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def configuration(folder, sandbox, tls):
    listen = 'listen = "127.0.0.1:0"'
    lines = ["[server]", listen, "[admin]", listen, "[gateway]", listen]
    if tls:
        certificate, key = tls
        lines += [f'tls_certificate_file = "{certificate}"', f'tls_key_file = "{key}"']
    lines += ["[database]", f'url = "sqlite:{folder / "key-recycling.sqlite"}"']
    lines += ["[vault]", f'ring_file = "{folder / "ring.toml"}"']
    lines += ["[telegram]", f'bot_token_file = "{folder / "bot-token"}"']
    # Clients run one after the other, each with a lease from before the first.
    lines += ["[leases]", 'lifetime = "10m"']
    for slug in sorted(set(PROVIDERS.values())):
        lines += [f"[providers.{slug}]", f'base_url = "{sandbox[slug]}"', f'legacy_base_url = "{sandbox[slug]}"']
        lines += ['poll_interval = "500ms"']
        if slug == "multibot":
            lines += [f"nano_usd_per_token = {10**9 // TOKENS_PER_USD}"]
    return "\n".join(lines) + "\n"


def charged_once(sandbox, slug, key):
    """What the provider's books charged for the one task of a key, in dollars; else `None`."""
    books = admin(sandbox["base"], "GET", slug, key)
    if len(books["charges"]) != 1 or books["tasks"] != {"created": 1, "solved": 1, "failed": 0}:
        return None
    amount = Decimal(books["charges"][0]["amount"])
    return amount / TOKENS_PER_USD if slug == "multibot" else amount


def credited_in_time(server, key_id, charged):
    deadline = time.monotonic() + PATIENCE
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
        sandbox = stack.enter_context(running([program, "sandbox", "--json", "--port", "0"], work / "sandbox.log"))
        plain = stack.enter_context(Server(program, work / "plain", sandbox))
        encrypted = stack.enter_context(Server(program, work / "tls", sandbox, (certificate, key)))
        targets, handed_over = {}, {}
        for client, slug in PROVIDERS.items():
            provider_key = secrets.token_hex(16)
            if slug == "capsolver":
                provider_key = "CAP-" + provider_key.upper()
            admin(sandbox["base"], "PUT", slug, provider_key, {"balance": "5"})
            server = encrypted if client in NEEDS_TLS else plain
            handed_over[client] = (server, server.hand_over(slug.upper(), provider_key), provider_key)
            address = ("https://" if server is encrypted else "http://") + server.gateway
            targets[client] = {"address": address, "key": server.lease(client, slug.upper())}
            if server is encrypted:
                targets[client]["ca"] = str(certificate)
        targets_file = work / "targets.json"
        secret(targets_file, json.dumps(targets))
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
