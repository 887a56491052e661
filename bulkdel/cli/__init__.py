"""The command line: a file a command, which has its options, calls `runs`, and prints.

`app` is the table of commands, `group` reads each when it is given. `streams` are the two outputs,
`ask` and `answers` the questions, `progress` the screen of a run, `signals` and `edge` how a
command ends, `sitting` the story of `run` as a person sees it.
"""
