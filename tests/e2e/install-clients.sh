#!/bin/sh
# Installs the Claude Code clients that tests/e2e drives: the newest release, and one whose subagent tool is still named Task.
#
# Usage: tests/e2e/install-clients.sh [FOLDER]
#   FOLDER        default: $RTK_E2E_CLIENTS, else ${XDG_CACHE_HOME:-$HOME/.cache}/rtk-tests/clients
#
# Leaves behind FOLDER/<version>/claude (the program), FOLDER/newest and FOLDER/older (each holds a version).
# Needs npm, and node for the older client. What is there already is not fetched again; without network the
# newest version that an earlier run has installed is used.

set -eu

PACKAGE=@anthropic-ai/claude-code
# The last release before the tool Task was renamed to Agent; a JavaScript build, run by node.
OLDER=2.1.62
# Releases that no run has named for this many days are removed: each takes a third of a gigabyte.
KEEP_DAYS=7

say() { printf '%s\n' "clients: $*"; }
fail() {
    printf '%s\n' "clients: $*" >&2
    exit 1
}

# Name of the package that holds the native program for this machine.
platform_package() {
    case $(uname -m) in
        x86_64 | amd64) arch=x64 ;;
        aarch64 | arm64) arch=arm64 ;;
        *) fail "no client is published for the processor $(uname -m)" ;;
    esac
    case $(uname -s) in
        Darwin) echo "$PACKAGE-darwin-$arch" ;;
        Linux)
            if [ -e "/lib/ld-musl-$(uname -m).so.1" ] && ! [ -e /lib64/ld-linux-x86-64.so.2 ]; then
                arch=$arch-musl
            fi
            echo "$PACKAGE-linux-$arch"
            ;;
        *) fail "no client is published for $(uname -s)" ;;
    esac
}

# Newest version: the registry's answer, else what the last run used.
newest_version() {
    if version=$(npm view "$PACKAGE" version 2>/dev/null) && [ -n "$version" ]; then
        echo "$version"
    elif [ -s "$folder/newest" ]; then
        cat "$folder/newest"
    else
        fail "cannot ask npm for the newest version of $PACKAGE and none is in $folder yet; check the network and try again"
    fi
}

# works VERSION: the installed program starts and names that version.
works() {
    [ -x "$folder/$1/claude" ] || return 1
    case $("$folder/$1/claude" --version 2>/dev/null </dev/null) in
        "$1 "*) return 0 ;;
        *) return 1 ;;
    esac
}

# fetch VERSION PACKAGE: a private npm prefix, complete or absent, never half. Postinstall scripts are not needed:
# the program is run from where npm unpacks it.
fetch() {
    staging=$(mktemp -d "$folder/.fetch-XXXXXX")
    trap 'rm -rf "$staging"' EXIT
    say "fetching $2 $1"
    # A manifest keeps npm in this folder; --prefix would make it forget the machine's own npm settings.
    echo '{"private": true}' >"$staging/package.json"
    (cd "$staging" && npm install --no-save --no-package-lock --ignore-scripts --no-audit --no-fund --omit=optional \
        --loglevel=error "$2@$1") >"$staging/npm.log" 2>&1 ||
        fail "npm could not install $2@$1: $(tail -n 5 "$staging/npm.log")"
    if [ -f "$staging/node_modules/$2/claude" ]; then
        ln -s "node_modules/$2/claude" "$staging/claude"
    elif [ -f "$staging/node_modules/$2/cli.js" ]; then
        # shellcheck disable=SC2016 # the expansion belongs to the script that is written
        printf '#!/bin/sh\nexec node "${0%%/*}/node_modules/%s/cli.js" "$@"\n' "$2" >"$staging/claude"
        chmod 755 "$staging/claude"
    else
        fail "$2@$1 holds neither a program 'claude' nor 'cli.js'"
    fi
    chmod 755 "$staging"
    rm -rf "${folder:?}/$1"
    mv "$staging" "$folder/$1"
    trap - EXIT
}

# provide VERSION PACKAGE
provide() {
    works "$1" || fetch "$1" "$2"
    works "$1" || fail "$folder/$1/claude does not run; remove $folder/$1 and try again"
    touch "$folder/$1"
    say "using $1 in $folder/$1"
}

remove_stale() {
    for release in "$folder"/[0-9]*; do
        case ${release##*/} in "$newest" | "$OLDER") continue ;; esac
        if [ -n "$(find "$release" -prune -mtime "+$KEEP_DAYS" 2>/dev/null)" ]; then
            say "removing ${release##*/}, unused for more than $KEEP_DAYS days"
            rm -rf "$release"
        fi
    done
}

main() {
    folder=${1:-${RTK_E2E_CLIENTS:-${XDG_CACHE_HOME:-$HOME/.cache}/rtk-tests/clients}}
    command -v npm >/dev/null || fail "npm is missing; install Node.js 18 or later"
    command -v node >/dev/null || fail "node is missing; install Node.js 18 or later"
    mkdir -p "$folder"
    folder=$(cd "$folder" && pwd)
    newest=$(newest_version)
    provide "$newest" "$(platform_package)"
    provide "$OLDER" "$PACKAGE"
    echo "$newest" >"$folder/newest"
    echo "$OLDER" >"$folder/older"
    remove_stale
}

main "$@"
