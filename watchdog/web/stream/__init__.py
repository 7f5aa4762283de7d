"""
What happens, told to whoever listens: small numbered events (Server-Sent Events) that are encoded once for all.

Nobody is waited for: a reader who is too slow is dropped and may come again, and what it has missed it learns from the sections' versions.
"""
