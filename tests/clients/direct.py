"""Prepares a running sandbox for a direct run, without any package.

    direct.py keys ADDRESSES AUTHORITY TARGETS     makes one funded key per client, writes TARGETS
    direct.py books ADDRESSES TARGETS              checks that each key was charged exactly once

ADDRESSES is the line of JSON that the sandbox prints at its start; TARGETS is described in solve.py.
"""

import json
import secrets
import sys

from server import admin

PROVIDERS = {
    "2captcha-python": "two_captcha",
    "capsolver": "capsolver",
    "python-anticaptcha": "anti_captcha",
    "capmonstercloudclient": "capmonster_cloud",
    "pymultibot": "multibot",
    "unicaptcha": "two_captcha",
}


def read(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def keys(addresses, authority, targets_file):
    addresses = read(addresses)
    targets = {}
    for client, slug in PROVIDERS.items():
        key = secrets.token_hex(16)
        admin(addresses["base"], "PUT", slug, key, {"balance": "5"})
        targets[client] = {"address": addresses[slug], "key": key}
        if client == "2captcha-python":
            targets[client].update(address=addresses[slug + "_tls"], ca=authority)
    with open(targets_file, "w", encoding="utf-8") as file:
        json.dump(targets, file)


def books(addresses, targets_file):
    base = read(addresses)["base"]
    wrong = []
    for client, target in read(targets_file).items():
        account = admin(base, "GET", PROVIDERS[client], target["key"])
        if len(account["charges"]) != 1 or account["tasks"] != {"created": 1, "solved": 1, "failed": 0}:
            wrong.append(client)
    if wrong:
        sys.exit("not charged exactly once: " + ", ".join(wrong))


if __name__ == "__main__":
    {"keys": keys, "books": books}[sys.argv[1]](*sys.argv[2:])
