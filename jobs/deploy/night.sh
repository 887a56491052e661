#!/bin/sh
# One night of a run, for cron and systemd: night.sh JOB [OPTION OF bulkdel run]...
#
# Silent while all goes well. Where a person is needed it prints why, and how the run stands; cron
# mails what is printed, systemd starts OnFailure=. It ends with
#
#   0    every pair is settled
#   75   pairs are left, and this night brought each target on: the next night continues
#   69   pairs are left, and of some target as many as after the last night: the provider was away
#        all night, or it refuses for ever what is left. Nights alone may never end it
#   any other code: as of `bulkdel run`
#
# It works in the folder of JOB, on the run directory that the job file names. There it reads `env`
# (see env.example) and leaves NAME.out and NAME.err, what bulkdel printed in the last night, and
# NAME.left, the pairs that were left after it.
set -u
umask 077
[ $# -gt 0 ] || { echo "usage: night.sh JOB [OPTION OF bulkdel run]..."; exit 2; }
job=${1##*/} folder=$(dirname "$1")
shift
cd "$folder" || exit 2
if [ -e env ]; then set -a; . ./env; set +a; fi
bulkdel=${BULKDEL:-.venv/bin/bulkdel}
name=${job%.toml}

trap : HUP INT TERM # bulkdel gets the signal too, and stops by itself; wait for it

"$bulkdel" run "$job" --yes --no-progress "$@" >"$name.out" 2>"$name.err"
code=$?
why="exit $code"
if [ $code = 75 ]; then
    # A line "NUMBER OF THE TARGET:PAIRS LEFT" for each target that has any.
    "$bulkdel" status "$job" --json |
        sed -n 's/^ *"unsettled": \([0-9]*\).*/\1/p' | grep -n . | grep -v ':0$' >"$name.now"
    if [ -s "$name.left" ] && grep -qxFf "$name.left" "$name.now"; then
        code=69 why="exit 75, and of a target nothing was settled since the last night"
    fi
    mv "$name.now" "$name.left"
fi
case $code in 0 | 75) exit $code ;; esac
echo "bulkdel run $job: $why. See $PWD/$name.out and $name.err, which ends:"
tail -n 20 "$name.err"
"$bulkdel" status "$job" 2>&1
exit $code
