"""What has been in the last hours, for small charts: a value each half minute, in memory, and in a file over a restart. No rule reads it; what rules look back at are the engine's own histories."""
