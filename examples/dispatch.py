"""A dispatcher's round trip with an off-the-shelf client of the provider doing the solving.

    API=http://127.0.0.1:8080/graphql AUTHORIZATION='Bearer …' python examples/dispatch.py

The client is python-anticaptcha (requirements.txt), so the route is pinned to Anti-Captcha. Only its
address and its key are changed: the lease says both. TASK and ATTEMPT are as in dispatch.sh. Ends
with 1 when the task is not solved.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from python_anticaptcha import AnticaptchaClient, AnticaptchaException
from python_anticaptcha.tasks import RecaptchaV2TaskProxyless

SOLVE_SECONDS_MAX = 120
PAGE = "https://example.com/"
SITE_KEY = "6LeIxAcTAAAAAJcZVRqyHh71UMIEGNQ_MXjiZKhI"

BEST_KEY = """query($task: ID!, $attempt: Int!, $route: RouteInput!) {
  bestKey(taskId: $task, attempt: $attempt, route: $route) { summary } }"""
OPEN_LEASE = """mutation($task: ID!, $attempt: Int!, $route: RouteInput!) {
  openLease(input: { taskId: $task, attempt: $attempt, route: $route }) {
    lease { token endpoint expiresAt attempt { id held provider { name } } }
    userErrors { code message retryAt } } }"""
REPORT = """mutation($id: ID!) { reportSolution(input: { attemptId: $id, verdict: ACCEPTED }) {
    attempt { verdict } userErrors { code message retryAt } } }"""
ATTEMPT = "query($id: ID!) { node(id: $id) { ... on Attempt { state cost costSource provider { name } } } }"
ROUTE = {"taskType": "RECAPTCHA_V2", "onlyProviders": ["ANTI_CAPTCHA"]}


def setting(name):
    return os.environ.get(name) or sys.exit(f"{name} is not set")


def step(name, what):
    print(f"{name:15} {what}", flush=True)


def graphql(document, **variables):
    """Sends an operation, and answers `data`. Ends the program by a top-level error."""
    body = json.dumps({"query": document, "variables": variables}).encode()
    headers = {"Content-Type": "application/json", "Authorization": setting("AUTHORIZATION")}
    try:
        with urllib.request.urlopen(urllib.request.Request(setting("API"), body, headers), timeout=30) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as refused:
        # The status tells the kind, the body the code: see the statuses in docs/api.md.
        answer = json.load(refused)
    if answer.get("errors"):
        first = answer["errors"][0]
        sys.exit(f"{first['extensions']['code']}: {first['message']}")
    return answer["data"]


def payload(document, name, **variables):
    """The payload of a mutation. Ends the program by a user error: what can be expected to fail."""
    answer = graphql(document, **variables)[name]
    for error in answer["userErrors"]:
        when = f" Retry at {error['retryAt']}." if error["retryAt"] else ""
        sys.exit(f"{error['code']}: {error['message']}{when}")
    return answer


def solve(lease):
    """What a dispatcher's code for Anti-Captcha does anyway. Answers whether there is a solution."""
    address = urlsplit(lease["endpoint"])
    client = AnticaptchaClient(lease["token"], host=address.netloc, use_ssl=address.scheme == "https")
    try:
        job = client.create_task(RecaptchaV2TaskProxyless(PAGE, SITE_KEY))
        step("createTask", "taken")
        job.join(maximum_time=SOLVE_SECONDS_MAX)
    except AnticaptchaException as failure:
        step("failed", failure.error_code)
        return False
    step("getTaskResult", f"a solution of {len(job.get_solution_response())} characters")
    return True


def main():
    task = os.environ.get("TASK") or f"example-{time.time_ns()}"
    attempt = int(os.environ.get("ATTEMPT", "1"))
    tried = {"task": task, "attempt": attempt, "route": ROUTE}
    step("bestKey", graphql(BEST_KEY, **tried)["bestKey"]["summary"])

    lease = payload(OPEN_LEASE, "openLease", **tried)["lease"]
    leased = lease["attempt"]
    step("openLease", f"{leased['provider']['name']}, {leased['held']} held until {lease['expiresAt']}")

    is_solved = solve(lease)
    if is_solved:
        reported = payload(REPORT, "reportSolution", id=leased["id"])["attempt"]
        step("reportSolution", reported["verdict"])

    ended = graphql(ATTEMPT, id=leased["id"])["node"]
    # An amount is decimal text; where it has to be reckoned with, decimal.Decimal reads it exactly.
    cost = f", {ended['cost']} by {ended['costSource']}" if ended["cost"] else ""
    step("attempt", f"{ended['state']}{cost} at {ended['provider']['name']}")
    if not is_solved:
        sys.exit(f"not solved; the next try is TASK={task} ATTEMPT={attempt + 1}")


if __name__ == "__main__":
    main()
