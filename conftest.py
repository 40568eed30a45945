"""Registers the page plugin."""

pytest_plugins = ["tests.plugin"]
