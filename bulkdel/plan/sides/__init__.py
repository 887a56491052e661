"""From which side each friendship is sent, so that the calls are few.

`fewest` does what `batches.grouping` does where rows are sent as given: it brings the distinct
`friendships` of the input together, has their sides chosen, turns their rows and hands them to a
grouping for each choice. `choose` decides how sides are chosen, with `batch_count` to tell
whether that is cheaper than the input as given:

* `search`, in memory: accounts are numbered (`numbers`) and become a `graph`; who sends at all
  (`senders`), what each sends (`fill_calls`), and what no choice gets below (`lower_bound`).
* `streaming_rule`, for more friendships than that: passes over the file, with a few bytes for each
  account (`cells`).
"""
