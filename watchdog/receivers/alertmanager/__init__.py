"""Alertmanager: what it is told (`alerts`, `labels`), and how (`client`)."""
