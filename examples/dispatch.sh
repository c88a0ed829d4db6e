#!/usr/bin/env bash
# A dispatcher's whole round trip by curl and jq: ask, lease, create, poll, report, look at the cost.
#
#   API=http://127.0.0.1:8080/graphql AUTHORIZATION='Bearer …' examples/dispatch.sh
#
# TASK is the dispatcher's own id of the task (default: a new one), ATTEMPT which try it is (default:
# 1). Ends with 1 when the task is not solved. Credentials come by the environment and go on by
# pipes: an argument of a command can be read by everybody on the machine.
set -euo pipefail
shopt -s inherit_errexit

: "${API:?is not set: the address of the GraphQL endpoint}"
: "${AUTHORIZATION:?is not set: Bearer and a token with the scope dispatch}"
TASK=${TASK:-example-$(date +%s)-$$}
ATTEMPT=${ATTEMPT:-1}
KIND=TURNSTILE
LOOKS_MAX=60
PAUSE=2

step() { printf '%-15s %s\n' "$1" "$2"; }
fail() { printf '%s\n' "$1" >&2; exit 1; }

# Sends a document with the variables $task, $attempt, $kind and $id, as far as it declares them, and
# answers `data`. A refused login, a spent budget and the like are top-level errors, whatever the status.
graphql() { # DOCUMENT, [ID]
  local body answer
  body=$(jq -n --arg query "$1" --arg task "$TASK" --argjson attempt "$ATTEMPT" --arg kind "$KIND" --arg id "${2:-}" \
    '{ $query, variables: ({ $task, $attempt, $kind, $id }
       | with_entries(select(.key as $name | $query | test("[$]" + $name + ":")))) }')
  answer=$(printf '%s' "$body" | curl --silent --show-error --max-time 30 "$API" --data-binary @- \
    --header 'Content-Type: application/json' --header @<(printf 'Authorization: %s\n' "$AUTHORIZATION"))
  printf '%s' "$answer" | jq --exit-status 'has("errors") | not' >/dev/null ||
    fail "$(printf '%s' "$answer" | jq -r '.errors[0] | "\(.extensions.code): \(.message)"')"
  printf '%s' "$answer" | jq .data
}

# Answers a part of JSON as text.
part() { printf '%s' "$1" | jq -r "$2"; }

# What can be expected to fail is in the payload. Programs read the code; retryAt says where waiting helps.
expect_no_user_error() { # PAYLOAD
  [ "$(part "$1" '.userErrors | length')" = 0 ] ||
    fail "$(part "$1" '.userErrors[0] | "\(.code): \(.message)" + if .retryAt then " Retry at \(.retryAt)." else "" end')"
}

# 1. Which key, and why? This reads and changes nothing. With the task and the attempt it makes the
#    very draw that openLease will make, unless the pool changes in between.
decision=$(graphql 'query($task: ID!, $attempt: Int!, $kind: TaskType!) {
  bestKey(taskId: $task, attempt: $attempt, route: { taskType: $kind }) { summary choice { estimate } } }')
step bestKey "$(part "$decision" '.bestKey | .summary + if .choice then "; estimate \(.choice.estimate)" else "" end')"

# 2. Hold the estimate on that key, and get a token for one task. The same service, task and attempt get
#    the same lease again, so a lost answer is asked for again. The provider's own name of the kind
#    of task comes along.
opened=$(graphql 'mutation($task: ID!, $attempt: Int!, $kind: TaskType!) {
  openLease(input: { taskId: $task, attempt: $attempt, route: { taskType: $kind } }) {
    lease { token endpoint expiresAt
      attempt { id held provider { name tasks { taskType proxylessName } } } }
    userErrors { code message retryAt } } }')
opened=$(part "$opened" .openLease)
expect_no_user_error "$opened"
lease=$(part "$opened" .lease)
provider=$(part "$lease" .attempt.provider.name)
step openLease "$(part "$lease" '"\(.attempt.provider.name), \(.attempt.held) held until \(.expiresAt)"')"

# Calls a method of the provider's protocol at the gateway; the body comes by standard input.
endpoint=$(part "$lease" .endpoint)
gateway() { # METHOD
  curl --silent --show-error --max-time 30 "$endpoint/$1" --header 'Content-Type: application/json' --data-binary @-
}

# Where a reply of the JSON dialect leaves the task: ready, failed or processing. Before it is ready a task
# has a word of its provider's own, such as idle, or none.
state() {
  part "$1" 'if .errorId != 0 then "failed" elif .status == "ready" or .status == "failed" then .status else "processing" end'
}

# 3. From here on it is the provider's protocol, with the lease's token where the key goes.
reply=$(printf '%s' "$lease" | jq --arg kind "$KIND" '{
  clientKey: .token,
  task: {
    type: (.attempt.provider.tasks[] | select(.taskType == $kind).proxylessName),
    websiteURL: "https://example.com/", websiteKey: "0x4AAAAAAADnPIDROrmt1Wwj" } }' | gateway createTask)
step createTask "$(state "$reply")"

# 4. Poll as the provider wants it, and not for ever. Some ids are numbers and some are text, so the id
#    goes back as the JSON it came as. A few kinds are answered by createTask, without a look.
task_id=$(part "$reply" '.taskId | tojson')
looks=0
while [ "$(state "$reply")" = processing ] && [ $looks -lt $LOOKS_MAX ]; do
  sleep $PAUSE
  looks=$((looks + 1))
  reply=$(printf '%s' "$lease" | jq --argjson id "$task_id" '{ clientKey: .token, taskId: $id }' | gateway getTaskResult)
done
outcome=$(state "$reply")
step getTaskResult "$outcome, looks: $looks$(part "$reply" \
  'if .errorId != 0 then ": \(.errorCode)" elif .solution then ", with \(.solution | keys | join(", "))" else "" end')"

# 5. Say what the target site made of the solution: that feeds the statistics that the next decision
#    is made by. Here it is taken for good.
attempt=$(part "$lease" .attempt.id)
if [ "$outcome" = ready ]; then
  reported=$(graphql 'mutation($id: ID!) { reportSolution(input: { attemptId: $id, verdict: ACCEPTED }) {
    attempt { verdict } userErrors { code message retryAt } } }' "$attempt")
  reported=$(part "$reported" .reportSolution)
  expect_no_user_error "$reported"
  step reportSolution "$(part "$reported" .attempt.verdict)"
fi

# 6. The attempt had ended, and the key's owner was credited, before the poll was answered. Amounts are
#    decimal text: never read them as floats.
ended=$(graphql 'query($id: ID!) { node(id: $id) { ... on Attempt { state cost costSource } } }' "$attempt")
step attempt "$(part "$ended" '.node | .state + if .cost then ", \(.cost) by \(.costSource)" else "" end') at $provider"
[ "$outcome" = ready ] || fail "not solved; the next try is TASK=$TASK ATTEMPT=$((ATTEMPT + 1))"
