"""
Carrying out what a recovery asks for: finding out what a process holds, and bringing it back.

Why a part of its own: it alone knows several sources at once (Redis, the log, memory and sockets of the process) and the payloads of jobs, which are private and must never
reach the engine, a log or a message. It judges nothing: what becomes of a job is decided by the engine.
"""
