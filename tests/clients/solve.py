"""One solve through one unmodified vendor client.

    solve.py CLIENT TARGETS

TARGETS is a JSON file that maps a client's name to where it is to go:

    {"capsolver": {"address": "http://127.0.0.1:8085", "key": "..."},
     "2captcha-python": {"address": "https://127.0.0.1:8094", "key": "...", "ca": "authority.pem"}}

`address` is an origin without a path: a provider's port of the sandbox, or the gateway. `key` is a
provider key there, or a lease token here. `ca` is a PEM file with the authority behind an https
address. A lease serves one solve of one task type, so it must fit what the client asks for:

    client                 provider           task type
    2captcha-python        two_captcha        IMAGE_TO_TEXT   (legacy upload, https only)
    capsolver              capsolver          IMAGE_TO_TEXT   (answered inside createTask)
    python-anticaptcha     anti_captcha       RECAPTCHA_V2
    capmonstercloudclient  capmonster_cloud   TURNSTILE
    pymultibot             multibot           HCAPTCHA        (legacy, without an action)
    unicaptcha             two_captcha        RECAPTCHA_V2    (reads the cost as a decimal)

The answer must be one that the sandbox gives: six letters and digits for a picture, a token that
begins with "sandbox-" otherwise. Exits with 0 when it is. Keys are never printed.
"""

import base64
import json
import os
import re
import struct
import sys
import tempfile
import zlib
from urllib.parse import urlsplit

PAGE = "https://example.com/"
SITE_KEY = "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI"
PICTURE_TEXT = re.compile(r"[a-z0-9]{6}")
TOKEN = re.compile(r"sandbox-\S+")


def picture():
    """A true picture, since some clients look: 60 by 20 grey pixels as PNG."""

    def chunk(kind, data):
        checksum = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + checksum

    rows = b"".join(b"\0" + bytes((x * 4 + y * 7) % 256 for x in range(60)) for y in range(20))
    header = struct.pack(">IIBBBBB", 60, 20, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def host(target):
    return urlsplit(target["address"]).netloc


def two_captcha(target):
    from twocaptcha import TwoCaptcha

    client = TwoCaptcha(target["key"], server=host(target), pollingInterval=1, defaultTimeout=60)
    with open("picture.png", "wb") as file:
        file.write(picture())
    return PICTURE_TEXT, client.normal("picture.png")["code"]


def capsolver(target):
    import capsolver as client

    client.api_base = target["address"]
    client.api_key = target["key"]
    body = base64.b64encode(picture()).decode()
    return PICTURE_TEXT, client.solve({"type": "ImageToTextTask", "body": body})["text"]


def python_anticaptcha(target):
    from python_anticaptcha import AnticaptchaClient
    from python_anticaptcha.tasks import RecaptchaV2TaskProxyless

    encrypted = target["address"].startswith("https:")
    client = AnticaptchaClient(target["key"], host=host(target), use_ssl=encrypted)
    job = client.create_task(RecaptchaV2TaskProxyless(PAGE, SITE_KEY))
    job.join(maximum_time=60)
    return TOKEN, job.get_solution_response()


def capmonster(target):
    import asyncio

    from capmonstercloudclient import CapMonsterClient, ClientOptions
    from capmonstercloudclient.requests import TurnstileRequest

    options = ClientOptions(api_key=target["key"], service_url=target["address"])
    request = TurnstileRequest(websiteURL=PAGE, websiteKey="0x4AAAAAAADnPIDROrmt1Wwj")
    solution = asyncio.run(CapMonsterClient(options=options).solve_captcha(request))
    return TOKEN, solution["token"]


def pymultibot(target):
    from pymultibot import Multibot

    client = Multibot(target["key"])
    client.url_in = target["address"] + "/in.php"
    client.url_res = target["address"] + "/res.php"
    solved, answer = client.hcaptcha_token("a5f74b19-9e45-40e0-b45d-47ff91b7a6c2", PAGE)
    if not solved:
        raise RuntimeError("the client reports " + answer)
    return TOKEN, answer


def unicaptcha(target):
    from unicaptcha import RecaptchaV2Challenge, Solver, TimeConfig
    from unicaptcha.provider.twocaptcha.adapter import TwoCaptchaAdapter

    adapter = TwoCaptchaAdapter(target["key"], base_url=target["address"])
    pace = TimeConfig(total_timeout=60, poll_interval=1, poll_delay=1)
    with Solver([adapter], time=pace) as solver:
        result = solver.solve(RecaptchaV2Challenge(sitekey=SITE_KEY, pageurl=PAGE))
    if result.cost is None:
        raise RuntimeError("the reply tells no cost")
    return TOKEN, result.solution.token


CLIENTS = {
    "2captcha-python": two_captcha,
    "capsolver": capsolver,
    "python-anticaptcha": python_anticaptcha,
    "capmonstercloudclient": capmonster,
    "pymultibot": pymultibot,
    "unicaptcha": unicaptcha,
}


def main():
    name, path = sys.argv[1:]
    with open(path, encoding="utf-8") as file:
        target = json.load(file)[name]
    # Read by the libraries when they are imported.
    os.environ["NO_PROXY"] = "*"
    if target.get("ca"):
        authority = os.path.abspath(target["ca"])
        os.environ["REQUESTS_CA_BUNDLE"] = authority
        os.environ["SSL_CERT_FILE"] = authority
    # Clients that keep a log do so in the working directory.
    os.chdir(tempfile.mkdtemp(prefix="client-"))
    pattern, answer = CLIENTS[name](target)
    if not pattern.fullmatch(answer):
        raise RuntimeError("the answer has the wrong form")


if __name__ == "__main__":
    try:
        main()
    except Exception as error:  # pylint: disable=broad-except
        # Whatever a client throws is a failure; only its kind is safe to show, since messages of
        # HTTP libraries hold the URL and with it the key.
        detail = error if isinstance(error, RuntimeError) else ""
        print(type(error).__name__, detail)
        sys.exit(1)
