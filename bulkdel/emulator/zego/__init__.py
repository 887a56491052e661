"""ZEGOCLOUD ZIM's friend calls: deletions, relations, the list, additions and changes.

Sources: ZEGOCLOUD/docs_all at 7fdebd41 (2026-08-21), docs_zim_server: shared-components.yaml,
batch-delete-friends.yaml, delete-all-friends.yaml, check-friendships.yaml,
query-the-friend-list.yaml, batch-add-friends.yaml, change-the-alias-of-a-friend.yaml,
modify-the-attributes-of-a-friend.yaml, Return codes.mdx, and SigningTheRequestEN.mdx. DeleteType 0
deletes both sides, 1 only From's.

    rules.py     credentials, and what the provider is asked for
    reading.py   a call's query and body as they are understood
    entry.py     the data of a friend list's entry
    answers.py   the bodies that go back
    codes.py     the return codes
"""
