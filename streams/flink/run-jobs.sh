#!/bin/sh
# Keeps the jobs of this folder running on a Flink session cluster: submits each that does not run there, from its latest
# checkpoint if it has one, and looks again every ten seconds. Flink itself restarts a job that fails; this is for a
# cluster that has forgotten its jobs. It runs in the image beside it, by docker-compose.yml and k8s/.
#
#   KAFKA_BROKERS   host:port, with commas
#   FLINK_REST      host:port of the cluster's REST interface
#   CHECKPOINTS     a folder that this and the whole cluster see
#   JOBS            some of jobs/, all by default
# and each setting of settings.env, which has the defaults. While all of them run, there is a file /tmp/jobs-run.
set -eu
cd "$(dirname "$0")"

: "${KAFKA_BROKERS:?}" "${FLINK_REST:?}" "${CHECKPOINTS:?}"
: "${JOBS:=$(ls jobs | sed 's/\.sql$//')}"
: "${FLINK_HOME:=/opt/flink}"
work=$(mktemp -d)
healthy=${TMPDIR:-/tmp}/jobs-run
rm -f "$healthy"
# The first process of a container hears no signal that it does not ask for.
trap 'rm -rf "$work" "$healthy"; exit 0' TERM INT

# The script of sed that puts values in place of the names.
substitutions() {
  job=$1
  grep '^[A-Z]' settings.env | while IFS='=' read -r name default; do
    eval "value=\${$name-\$default}"
    if [ "$name" = START_BACK ]; then
      name=START_MS
      value=$(echo "$value" | awk -F: -v now="$(date +%s)" '{ printf "%d000", now - $1 * 60 - $2 }')
    fi
    # What sed would read as its own in a value, such as a password, is escaped.
    printf 's|${%s}|%s|g\n' "$name" "$(printf '%s' "$value" | sed 's/[\\|&]/\\&/g')"
  done
  echo "s|\${JOB}|$job|g"
  echo "s|\${KAFKA_BROKERS}|$KAFKA_BROKERS|g"
}

# The newest that is complete. A job has a new id, and so a new folder, each time that it is submitted.
latest_checkpoint() {
  find "$CHECKPOINTS/$1" -path '*/chk-*/_metadata' -printf '%T@ %h\n' 2> /dev/null | sort -n | tail -n 1 | cut -d ' ' -f 2
}

# One client for all of them: to start one costs more than to plan a job. Its tables would meet in one database.
submit() {
  for job in "$@"; do
    checkpoint=$(latest_checkpoint "$job")
    if [ -n "$checkpoint" ]; then echo "$job goes on from $checkpoint"; else echo "$job begins anew"; fi >&2
    substitutions "$job" > "$work/values.sed"
    {
      echo "CREATE DATABASE \`$job\`;"
      echo "USE \`$job\`;"
      echo "SET 'execution.target' = 'remote';"
      echo "SET 'rest.address' = '${FLINK_REST%:*}';"
      echo "SET 'rest.port' = '${FLINK_REST##*:}';"
      echo "SET 'pipeline.name' = '$job';"
      echo "SET 'table.local-time-zone' = 'UTC';"
      echo "SET 'execution.checkpointing.dir' = 'file://$CHECKPOINTS/$job';"
      echo "SET 'execution.checkpointing.interval' = '10 s';"
      echo "SET 'execution.checkpointing.externalized-checkpoint-retention' = 'RETAIN_ON_CANCELLATION';"
      if [ -n "$checkpoint" ]; then
        echo "SET 'execution.state-recovery.path' = 'file://$checkpoint';"
        echo "SET 'execution.state-recovery.claim-mode' = 'CLAIM';"
      else
        echo "RESET 'execution.state-recovery.path';"
      fi
      cat connect.sql tables.sql "jobs/$job.sql"
    } | sed -f "$work/values.sed"
  done > "$work/jobs.sql"
  # Code that runs once is not worth compiling well.
  JVM_ARGS='-XX:TieredStopAtLevel=1 -XX:+UseSerialGC' \
    "$FLINK_HOME/bin/sql-client.sh" -f "$work/jobs.sql" > "$work/client.log" 2>&1 || echo 'Not every job was submitted.'
  # The client says what it was told, and an error in the midst of it.
  grep -A 20 ERROR "$work/client.log" || true
}

runs() {
  # A job that failed for good, or was stopped, is listed too.
  echo "$listed" | grep -oE "\"name\":\"$1\"[^}]*\"state\":\"[A-Z]+\"" |
    grep -qE '"(INITIALIZING|CREATED|RUNNING|RESTARTING|FAILING|RECONCILING)"'
}

while true; do
  missing=
  if listed=$(wget -qO- "http://$FLINK_REST/jobs/overview"); then
    for job in $JOBS; do
      runs "$job" || missing="${missing:+$missing }$job"
    done
    if [ -n "$missing" ]; then
      rm -f "$healthy"
      submit $missing
      # The client ends at the first error, so the first job goes last: a bad one holds up no other for good.
      first=${missing%% *}
      JOBS="$(echo $JOBS | tr ' ' '\n' | sed "/^$first\$/d") $first"
    else
      touch "$healthy"
    fi
  else
    rm -f "$healthy"
    echo "Flink does not answer at $FLINK_REST."
  fi
  sleep 10 &
  wait $!
done
