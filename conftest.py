"""Registers the page plugin."""

pytest_plugins = ["plugin.plugin"]
