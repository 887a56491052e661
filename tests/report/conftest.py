"""Where the modules of `bulkdel.report` are tested whose test has another name.

beside_words                    test_beside.py
checks, text/preflight          tests/cli/test_check.py
ending, remarks                 test_summary.py
export_notes, export_rows       test_exported.py, test_raw_rejects.py, test_read_back.py
facts, report_files, verdict    test_page.py; verdict in test_no_friendships.py as well
json_text, text/layout          tests/test_plain.py
metrics_port                    test_metrics.py
phrases                         test_confirm.py
rejects                         test_preview.py
report_json                     test_page.py
status_json, text/status_page   test_status.py
text/closure, text/verification tests/e2e/test_verify_and_close.py
text/tables                     test_status.py, test_summary.py
page/html, page/sentences,
page/lane_charts                test_page.py
"""
