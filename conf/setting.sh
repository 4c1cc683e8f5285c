#!/usr/bin/env bash
# The value of a setting, as jobs/lakehouse/settings.py reads it: `conf/setting.sh STACK_HOME`. The environment wins over
# the profile's file, that one over lakehouse.env, and ${NAME} stands for another setting.
set -euo pipefail
CDPATH= cd "$(dirname "${BASH_SOURCE[0]}")"
profile=${PROFILE:-$(sed -n 's/^PROFILE=//p' lakehouse.env)}
files=(lakehouse.env)
[[ ! -e profiles/$profile.env ]] || files+=("profiles/$profile.env")
exec awk -v asked="$1" '
    function look(name,    text, before, after, inner) {
        if (ENVIRON[name] != "") return ENVIRON[name]
        text = value[name]
        while (match(text, /\$\{[A-Z0-9_]+\}/)) {
            before = substr(text, 1, RSTART - 1)
            inner = substr(text, RSTART + 2, RLENGTH - 3)
            after = substr(text, RSTART + RLENGTH)
            text = before look(inner) after
        }
        return text
    }
    /^[A-Z]/ {at = index($0, "="); value[substr($0, 1, at - 1)] = substr($0, at + 1)}
    END {print look(asked)}' "${files[@]}"
