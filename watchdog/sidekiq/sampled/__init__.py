"""The parts of a sample, one file each: what to ask Redis, and what the answers say."""
