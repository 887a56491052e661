"""Tencent Chat's friend calls: delete, delete_all, check, get, import, add.

Sources: RESTful API overview (1047/34620), Deleting Friends (1047/34905, 2025-10-23), Deleting
All Friends (1047/34906, 2024-07-16), friend_check (1047/34907), friend_get (1047/34908),
friend_import (1047/34903), friend_add (1047/34902), User profile and relationship chain
(1047/33521), Error codes (1047/34348). HTTP answers 200 whatever happened; the result is in the
body.

    rules.py     credentials, and what the provider is asked for
    reading.py   a call's body as it is understood
    entry.py     the data of a friend list's entry
    answers.py   the bodies that go back
    codes.py     the result codes
    usersig.py   the signature
"""
