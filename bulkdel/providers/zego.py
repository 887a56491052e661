"""ZEGOCLOUD ZIM: DeleteFriends and DeleteAllFriends."""
