"""
The condition language: text → syntax tree → checked types → compiled Python, with exact three-valued
evaluation behind it.

Why its own language: conditions are read aloud by administrators at night, must be refused with a
place and a hint before they run, and cost next to nothing when nothing has changed. General
expression languages miss the first two by design and the third by measurement.
"""
