#!/bin/sh
# Release an image through a Slipway portal and wait for the outcome, with sh and curl alone.
#
#   SLIPWAY_URL=https://slipway.example SLIPWAY_TOKEN=slip_... deploy.sh checkout prod registry.example/checkout:1.9.0
#
# SLIPWAY_STRATEGY       rolling, canary or blue_green; empty is the target's own
# SLIPWAY_TIMEOUT        seconds to wait at most, 900
# SLIPWAY_WAIT_APPROVAL  no: exit with 5 where it waits for an approval
# SLIPWAY_KEY            asked again under one key, it is done once; in CI made of the job
#
# Exit codes: 0 succeeded, 1 failed or aborted, 2 usage or API error, 3 timed out waiting, 4 rejected,
# 5 waiting for an approval, 6 blocked by a window or policy.
set -u

say() { printf '%s\n' "$*" >&2; }
usage() { say "$1"; say "usage: deploy.sh SERVICE ENVIRONMENT IMAGE"; exit 2; }

[ $# -eq 3 ] || usage "three arguments are needed"
[ -n "${SLIPWAY_URL:-}" ] || usage "SLIPWAY_URL is not set"
[ -n "${SLIPWAY_TOKEN:-}" ] || usage "SLIPWAY_TOKEN is not set"
strategy=${SLIPWAY_STRATEGY:-}
for given in "$@" "$strategy" "$SLIPWAY_TOKEN" "${SLIPWAY_KEY:-}"; do
  # These go into JSON and headers as they are.
  case $given in *[\"\\]* | *[![:print:]]*) usage "arguments have no quotes, backslashes or control characters" ;; esac
done
case $SLIPWAY_URL in
  https://* | http://127.0.0.1 | http://127.0.0.1[:/]* | http://localhost | http://localhost[:/]*) ;;
  *) usage "SLIPWAY_URL has to begin with https://: the token would go unprotected" ;;
esac

url=${SLIPWAY_URL%/}/api/v1
until=$(($(date +%s) + ${SLIPWAY_TIMEOUT:-900}))
key=${SLIPWAY_KEY:-}
if [ -z "$key" ]; then
  if [ -n "${GITHUB_RUN_ID:-}" ]; then
    key="github-$GITHUB_RUN_ID-${GITHUB_RUN_ATTEMPT:-1}-${GITHUB_JOB:-job}-$1-$2"
  elif [ -n "${CI_JOB_ID:-}" ]; then
    key="gitlab-$CI_JOB_ID-$1-$2"
  elif [ -n "${BUILD_TAG:-}" ]; then
    key="jenkins-$BUILD_TAG-$1-$2"
  else
    key="$(date +%s)-$$-$1-$2"
  fi
fi

# call METHOD PATH SECONDS [BODY]: sets $answer, $status (000 without an answer) and $replayed (true where it is what an
# earlier call under the same key was answered; needs curl 7.84). The token stays out of the arguments,
# which every user of the machine can read.
call() {
  method=$1 path=$2 seconds=$3
  shift 3
  [ $# -eq 0 ] || set -- --header 'Content-Type: application/json' --header "Idempotency-Key: $key" --data "$1"
  got=$(printf 'header = "Authorization: Bearer %s"\n' "$SLIPWAY_TOKEN" |
    curl --config - --silent --show-error --request "$method" --connect-timeout 10 --max-time "$seconds" \
      --write-out '\n%{http_code} %header{idempotency-replayed}' "$@" "$url/$path") || got='
000'
  status=${got##*
}
  replayed=${status#* } status=${status%% *}
  answer=${got%
*}
}

# field NAME: the first text of that name in the answer. Of a release, id, status and reason stand before the steps.
field() {
  printf '%s' "$answer" | tr -d '\n' | awk -v name="$1" '
    match($0, "\"" name "\": *\"([^\"\\\\]|\\\\.)*\"") {
      found = substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 4)
      sub(/^ *"/, "", found)
      gsub(/\\"/, "\"", found)
      print found
    }'
}

# again: whether what went wrong passes by itself; has waited then.
again() {
  case $status in
    000 | 429 | 500 | 502 | 503 | 504) ;;
    409) case $answer in *idempotency_in_progress*) ;; *) return 1 ;; esac ;;
    *) return 1 ;;
  esac
  [ "$(date +%s)" -lt "$until" ] || return 1
  say "trying again after $status"
  sleep 2
}

refused() {
  say "$(field title) ($status): $(field detail)"
  say "next: $(field next)"
  say "request id: $(field request_id)"
  case $answer in *'"blocked_by"'*) exit 6 ;; esac
  exit 2
}

body="{\"service\": \"$1\", \"environment\": \"$2\", \"image\": \"$3\"${strategy:+, \"strategy\": \"$strategy\"}}"
call POST releases/ 60 "$body"
first=$key number=1
while [ "$status" != 202 ]; do
  if [ "$replayed" = true ] && [ -z "${SLIPWAY_KEY:-}" ] && [ "$number" -lt 100 ]; then
    # What this job was refused before may be possible now. A refused call has begun nothing.
    number=$((number + 1)) key=$first-$number
  else
    again || refused
  fi
  call POST releases/ 60 "$body"
done
id=$(field id)
say "release $id"
trap 'say "interrupted; the release goes on: $SLIPWAY_URL/releases/$id/"; exit 130' INT
trap 'say "interrupted; the release goes on: $SLIPWAY_URL/releases/$id/"; exit 143' TERM

shown=
while :; do
  left=$((until - $(date +%s)))
  if [ "$left" -le 0 ]; then
    say "not done in time; the release goes on: $SLIPWAY_URL/releases/$id/"
    exit 3
  fi
  [ "$left" -le 10 ] || left=10
  call GET "releases/$id/wait/?timeout=$left" $((left + 15))
  case $status in
    200 | 202) ;;
    *)
      # Through a restart of the portal; when the time is up, the next round says so.
      again || [ "$(date +%s)" -ge "$until" ] || refused
      continue
      ;;
  esac
  state=$(field status) reason=$(field reason)
  [ "$state $reason" = "$shown" ] || say "$(date -u +%H:%M:%SZ) $state $reason $(field message)"
  shown="$state $reason"
  case $state in
    succeeded) printf '%s\n' "$id"; exit 0 ;;
    failed | superseded) exit 1 ;;
    aborted) [ "$reason" != ApprovalRejected ] || exit 4; exit 1 ;;
    waiting)
      [ "$reason" != ApprovalRequired ] || [ "${SLIPWAY_WAIT_APPROVAL:-yes}" != no ] || exit 5
      sleep 1
      ;;
  esac
done
