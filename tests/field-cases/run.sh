#!/usr/bin/env bash
# Runs the cases of this folder against a binary: run.sh BIN [PATTERN]. Prints those that are wrong; exits
# 1 if any is that known-to-fail.txt does not name.
bin=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
good=0 bad=0 known=0
for script in "$here"/*${2:-}*/expect.sh; do
    case=$(basename "$(dirname "$script")")
    if out=$(timeout 120 bash "$script" "$bin" 2>&1); then
        good=$((good + 1))
        continue
    fi
    if grep -qxF "$case" "$here/known-to-fail.txt"; then
        known=$((known + 1))
    else
        bad=$((bad + 1))
    fi
    printf 'WRONG %s: %s\n%s\n' "$case" "$(head -2 "$here/$case/expected.txt" | tr '\n' ' ')" \
        "$(sed 's/^/    /' <<< "$out" | head -8)"
done
echo "$good passed, $bad failed, $known known to fail"
[ $bad = 0 ]
