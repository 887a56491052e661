"""The facts of a run as values, and the two ways to show them: `text` and `page`.

`status` is how a run stands, `ending` and `verdict` how a sitting and the run came out, in one
sentence and one exit code; `doubts`, `remarks` and `no_friendships` are what a person must hear
beside that. `facts` gathers all that a report holds, from `timeline`, `workclock`, `ledger_counts`
and `rejects`; `report_files` writes it, as a page and by `report_json`. `exported`, `export_rows`
and `raw_rejects` are the rows of `export`, `checks` the lines of `check`, `metrics` and
`metrics_port` what Prometheus reads. `figures`, `phrases` and `json_text` are how numbers, places
and values are written everywhere.
"""
