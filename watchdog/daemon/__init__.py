"""
The agent as a running program: sources and executor around the engine, one loop, one writer.

Why so thin: everything that must be right at 3 in the morning is decided in the engine. Here is only
what moves events in and effects out, in an order that a crash between any two lines survives.
"""

from watchdog.daemon.running import ModeAboveConfigError, run_agent, run_loaded

__all__ = ["ModeAboveConfigError", "run_agent", "run_loaded"]
