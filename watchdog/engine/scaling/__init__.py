"""
One more, or one less, of the units that are made from one template: which one, and whether the host has room for it.

Why templates alone: their instances do the same work, so that one can come or go and nothing but the number of threads changes. All of it is pure and judged by
what stands in the picture; what is in the picture can be old, so that whoever acts looks again.
"""
