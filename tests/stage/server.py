"""A sandbox and servers on fresh databases, for whoever judges them from outside.

Needs no package. Everything listens on free ports of 127.0.0.1, lives in the folder it is given,
and ends with its `with` block.
"""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

PROVIDERS = ("two_captcha", "capsolver", "anti_captcha", "capmonster_cloud", "multibot", "ucaptcha_native")
OWNER = 5_000_000_001
# Multibot counts tokens, of which a dollar buys so many here.
TOKENS_PER_USD = 1_000
PATIENCE = 30

SUBMIT = """mutation($provider: ProviderCode!, $key: ProviderKey!) {
  submitKey(input: { provider: $provider, key: $key }) { key { id status } userErrors { code message } } }"""


@contextlib.contextmanager
def running(command, log):
    """Starts a program that tells its addresses as JSON on its first lines, and ends it."""
    with open(log, "ab") as errors:
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


def sandbox(program, work):
    """The six providers; the record has `base` for orders, and each provider's address by its slug."""
    return running([program, "sandbox", "--json", "--port", "0"], work / "sandbox.log")


def admin(base, method, slug, key, body=None):
    """An order to the sandbox about one key."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    url = f"{base}/admin/{slug}/keys/{key}"
    request = urllib.request.Request(url, data=data, headers=headers, method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=10) as response:
        return json.load(response)


def funded_key(base, slug):
    """A new key with five dollars, or as many tokens."""
    key = secrets.token_hex(16)
    if slug == "capsolver":
        key = "CAP-" + key.upper()
    admin(base, "PUT", slug, key, {"balance": "5"})
    return key


class Server:
    """A server on a fresh database, and whoever calls it."""

    def __init__(self, program, folder, providers, tls=None, database=None):
        folder.mkdir()
        self.program, self.folder = program, folder
        self.config, self.log = folder / "key-recycling.toml", folder / "log"
        self.bot_token = f"1234567890:{secrets.token_hex(16)}"
        secret(folder / "bot-token", self.bot_token)
        run([program, "vault", "init", folder / "ring.toml"])
        self.config.write_text(configuration(folder, providers, tls, database), encoding="utf-8")
        if database:
            self.command("migrate")
        self.running = self.started()

    def started(self):
        return running([self.program, "serve", "--json", "--config", self.config], self.log)

    def __enter__(self):
        addresses = self.running.__enter__()
        self.public, self.gateway = addresses["public"], addresses["gateway"]
        self.api = f"http://{self.public}/graphql"
        self.owner = self.ask("login-link", "--telegram-user", str(OWNER))["authorization"]
        self.dispatcher = self.service("dispatcher", "dispatch")
        return self

    def __exit__(self, *failure):
        return self.running.__exit__(*failure)

    def restart(self):
        """Ends the server as an operator does, and starts it again at the same addresses."""
        self.running.__exit__(None, None, None)
        self.running = self.started()
        self.running.__enter__()

    def command(self, *words):
        return run([self.program, *words, "--config", self.config])

    def ask(self, *words):
        return json.loads(self.command(*words, "--json"))

    def service(self, name, *scopes):
        """The authorization of a new service."""
        options = [word for scope in scopes for word in ("--scope", scope)]
        return "Bearer " + self.ask("token", "create", name, *options)["token"]

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


def run(command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout.decode()


def secret(path, text):
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def free_addresses(count):
    """Addresses that are free now, so that a server finds them again after a restart."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return ["{}:{}".format(*each.getsockname()) for each in sockets]


def configuration(folder, providers, tls, database):
    public, gateway, internal = free_addresses(3)
    lines = ["[server]", f'listen = "{public}"', f'public_url = "http://{public}"']
    lines += ["[admin]", f'listen = "{internal}"']
    lines += ["[gateway]", f'listen = "{gateway}"', f'public_url = "{"https" if tls else "http"}://{gateway}"']
    if tls:
        certificate, key = tls
        lines += [f'tls_certificate_file = "{certificate}"', f'tls_key_file = "{key}"']
    url = database or f"sqlite:{folder / 'key-recycling.sqlite'}"
    lines += ["[database]", f'url = "{url}"']
    lines += ["[vault]", f'ring_file = "{folder / "ring.toml"}"']
    lines += ["[telegram]", f'bot_token_file = "{folder / "bot-token"}"']
    # Clients run one after the other, each with a lease from before the first.
    lines += ["[leases]", 'lifetime = "10m"']
    for slug in PROVIDERS:
        lines += [f"[providers.{slug}]", f'base_url = "{providers[slug]}"', f'legacy_base_url = "{providers[slug]}"']
        lines += ['poll_interval = "500ms"']
        if slug == "multibot":
            lines += [f"nano_usd_per_token = {10**9 // TOKENS_PER_USD}"]
    return "\n".join(lines) + "\n"
