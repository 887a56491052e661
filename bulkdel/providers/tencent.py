"""Tencent Chat: friend_delete and friend_delete_all."""
