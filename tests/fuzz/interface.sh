#!/usr/bin/env bash
# Sends a running daemon what its own OpenAPI document allows and forbids (schemathesis), for a bounded time.
#
# Usage: tests/fuzz/interface.sh RTK CACHE [SECONDS]
#   RTK      the program, such as target/debug/rtk
#   CACHE    a folder for the tool, which is installed there
#   SECONDS  how long to go on (45)
#
# The daemon runs in a temporary folder with a small project of its own; it has to stay alive.

set -euo pipefail

version=4.32.5

provide_tool() {
    local venv=$1
    if ! "$venv/bin/schemathesis" --version 2>/dev/null | grep -q "$version"; then
        rm -rf "$venv"
        python3 -m venv "$venv" >&2
        "$venv/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version" >&2
    fi
}

make_project() {
    mkdir -p "$1/src"
    printf 'def parse(text):\n    """Splits the text."""\n    return text.split()\n' >"$1/src/parser.py"
    git -C "$1" init -q
    git -C "$1" add .
    git -C "$1" -c user.name=t -c user.email=t@localhost commit -q -m 'Parse'
}

main() {
    local rtk cache=$2 seconds=${3:-45} port='' token
    rtk=$(realpath "$1")
    provide_tool "$cache/schemathesis"
    folder=$(mktemp -d)
    trap 'kill "${daemon:-}" 2>/dev/null && wait "$daemon" 2>/dev/null; rm -rf "$folder"' EXIT
    mkdir -p "$folder/home"
    make_project "$folder/project"
    local -a clean=(env -i "HOME=$folder/home" "RTK_HOME=$folder/rtk" "PATH=$PATH" LANG=C.UTF-8)
    cd "$folder"
    "${clean[@]}" "$rtk" memory serve --port 0 >/dev/null 2>"$folder/err" &
    daemon=$!
    for _ in $(seq 300); do
        port=$(sed -n 's/.*"port": *\([0-9]*\).*/\1/p' rtk/state/daemon.json 2>/dev/null || true)
        [[ -z $port ]] || break
        sleep 0.1
    done
    token=$(cat rtk/state/token)
    # The document is the server's own; its examples are given a project that is there.
    "${clean[@]}" python3 -c 'import sys, urllib.request; sys.stdout.buffer.write(urllib.request.urlopen(sys.argv[1]).read())' \
        "http://127.0.0.1:$port/v1/openapi.json" | sed "s|/home/user/project|$folder/project|g" >document.json
    # A body that is too large is refused as such, whatever else is wrong with it.
    printf '[checks]\nnegative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 409, 413, 415, 422, 428, 429, "5xx"]\n' \
        >schemathesis.toml
    # Most folders and revisions that the tool makes up do not exist, and are refused for that.
    "${clean[@]}" "$cache/schemathesis/bin/schemathesis" run document.json --url "http://127.0.0.1:$port" \
        --header "Authorization: Bearer $token" --header "Host: 127.0.0.1:$port" \
        --checks all --exclude-checks positive_data_acceptance \
        --max-time "$seconds" --continue-on-failure --request-timeout 20 --no-shrink
    kill -0 "$daemon"
}

main "$@"
