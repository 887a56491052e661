"""One run directory as an object. The command line and the library stand on it.

`run` holds a directory and plans, begins, sends and reports in it; `plan` says which plan it goes
by. `status`, `report`, `export`, `check`, `verify` and `close` are what the commands of their names
do. `control` is how others pause, resume or slow it (`rates` outlast a sitting), `observers` who
sees it (`notify`, and `hook` for a program), `log` its log. `stand_in` is the emulator within the
process, `failures` what stops a command that no rule of ours foresaw, `seams` what a run takes from
whoever started it.
"""
