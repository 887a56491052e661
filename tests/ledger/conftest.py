"""Where each module of the ledger is tested, if not in the test file of its name.

closure                         test_closing
codec, counting, tick, values   test_any_history (against a model), test_journal, test_bulk
ledger_file, rows               test_journal, test_any_history
sittings                        test_history
storage                         test_mid_run_reads
tables                          test_schema; the files' owner and mode: tests/test_files.py
audit.chain, audit.comparison, audit.findings, audit.recount    test_verify
audit.reserve_check             test_reserve
"""
