#!/bin/sh
# rtk plugin, start of a session: hands the event to rtk, or tells the user once a session that rtk is not on PATH.
# Ends with 0 whatever happens, and prints one JSON object or nothing: the client shows anything else as a failure.
set -u

# notice TEXT: a line that the client shows to the user; the text holds nothing that JSON would have to escape.
notice() {
    printf '{"systemMessage":"rtk plugin: %s"}\n' "$1"
    exit 0
}

command -v rtk >/dev/null 2>&1 ||
    notice 'there is no program rtk on PATH, so subagents start without project memory. Install rtk (see the README of the plugin) or remove the plugin: claude plugin uninstall rtk@rtk'

# Other programs bear the name too; what they would make of an event nobody knows.
case $(rtk --help 2>/dev/null </dev/null | head -n 1) in
    'Project memory for every Claude Code subagent') ;;
    *) notice 'the program rtk on PATH is another one of that name, so subagents start without project memory. Put the folder of this rtk first on PATH or remove the plugin: claude plugin uninstall rtk@rtk' ;;
esac

rtk hook --plugin
exit 0
