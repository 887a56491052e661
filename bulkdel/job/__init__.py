"""The job file: TOML in, one frozen Job out.

`schema` holds the tables with every key, `jobfile` reads them, `checks` and `problems` say what is
wrong, `job` is what comes out; `writer` and `json_schema` are the same tables for people and
editors. `secrets` are read when calls are signed and kept by nobody.
"""
