"""Bytes to values and back: requests, replies, INFO text, hello text. No sockets."""
