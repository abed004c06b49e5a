#!/usr/bin/env bash
# A sample whose last lines say what is expected of it.
source "./lib.sh"
. ./other.sh
readonly LIMIT=3
lower=4

# Runs.
run() {
  local text="}"
  if true; then
    echo "$text"
  fi
}

function build {
  cat <<END
fake() {
END
}
# expect: import ./lib.sh 3
# expect: import ./other.sh 4
# expect: variable LIMIT 5-5
# expect: function run 9-14 doc 8
# expect: function build 16-20
