"""Tests of the engine, a file for each of its modules; where one has none, here is why.

attempt      has no behaviour
call, gate   test_lane.py and test_book.py, by whole runs; order and bounds: tests/simulation
carriers     tests/simulation: the most carriers of a lane, stopping at any moment
feed         test_book.py; each of its reads failing: tests/simulation/test_reads.py
health       test_decide.py, test_breaker.py
probe        tests/cli/test_check.py
shared, view have no behaviour
sitting      test_book.py, tests/simulation; windows and pauses: tests/cli/test_live.py
"""
